import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { runProgram } from '../src/index.js';
import { readFiles } from '../src/kubernetes/files.js';
import { KOMPOSE_VERSION, komposeVersion } from '../src/kubernetes/kompose.js';
import { findRenderer } from '../src/kubernetes/render.js';
import { WorkTreeCopy } from '../src/testing/index.js';

/** A text about the book service, for the review service. */
const review = (text: string) =>
  text
    .replaceAll(/book(?!store)/g, 'review')
    .replaceAll('50052', '50053')
    .replaceAll('50062', '50063');

/** Makes a third service of the book service, with what `npm run generate` writes for it. */
async function addReviewService(copy: string): Promise<void> {
  const edit = (file: string, change: (text: string) => string) =>
    writeFileSync(path.join(copy, file), change(readFileSync(path.join(copy, file), 'utf8')));
  cpSync(path.join(copy, 'book-service'), path.join(copy, 'review-service'), { recursive: true });
  edit('review-service/package.json', review);
  edit('package.json', (text) => text.replace('"book-service",', '"book-service",\n    "review-service",'));
  const { addServicesToComposeFiles } = await import(pathToFileURL(path.join(copy, 'scripts/compose-files.mjs')).href);
  addServicesToComposeFiles();
  for (const role of ['migrator', 'service']) {
    const file = (service: string) => path.join(copy, `sandbox/dev-secrets/${service}-db-${role}-password`);
    cpSync(file('book'), file('review'));
  }
}

// Windows looks for programs by their extension; and an export needs kustomize or kubectl.
if (process.platform !== 'win32' && (await findRenderer())) {
  test('the export of a third service makes the manifests that the others have, without a new file in k8s/components', {
    timeout: 120_000,
  }, async () => {
    await using copy = await WorkTreeCopy.make();
    const tools = path.join(copy.folder, 'tools');
    const env = { ...process.env, PATH: `${tools}${path.delimiter}${process.env.PATH}` };
    const run = (command: string) =>
      runProgram(process.execPath, [`sandbox/dist/kubernetes/${command}.js`], { cwd: copy.folder, env });
    if ((await komposeVersion()) !== KOMPOSE_VERSION) {
      mkdirSync(tools);
      const standIn = path.join(copy.folder, 'sandbox/test/kompose-stand-in.mjs');
      const script = `#!/bin/sh\nexec '${process.execPath}' '${standIn}' "$@"\n`;
      writeFileSync(path.join(tools, 'kompose'), script, { mode: 0o755 });
    }

    await addReviewService(copy.folder);
    expect(await run('export')).toMatchObject({ status: 0, stderr: '' });
    expect(await run('check')).toMatchObject({ status: 0, stderr: '' });

    const exported = (file: string) => readFileSync(path.join(copy.folder, file), 'utf8');
    const before = readFiles('k8s');
    const ofBooks = [...before.keys()].filter((file) => /book-/.test(file));
    expect(ofBooks).not.toEqual([]);
    for (const [file, text] of before) {
      // What kompose made of the others stays as it is, but for those that the review service calls.
      const lists = /kustomization|export\.lock/.test(file);
      if (!lists && !/author-service.*networkpolicy/.test(file)) expect(exported(file), file).toBe(text);
    }
    for (const file of ofBooks) {
      // No other service calls it.
      if (!/service.*networkpolicy/.test(file))
        expect(exported(review(file)), file).toBe(review(before.get(file) ?? ''));
    }
    expect(exported('k8s/author-service/networkpolicy.yaml')).toContain('review-service');
    expect(exported('k8s/review-service/networkpolicy.yaml')).toContain('review-db');
  });
}

import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from '../src/index.js';
import { readFiles } from '../src/kubernetes/files.js';
import { KOMPOSE_VERSION, komposeVersion } from '../src/kubernetes/kompose.js';
import { render } from '../src/kubernetes/overlays.js';
import { WorkTreeCopy } from '../src/testing/index.js';

/** A text about the book service, for the review service. */
const review = (text: string) =>
  text
    .replaceAll(/book(?!store)/g, 'review')
    .replaceAll('50052', '50053')
    .replaceAll('50062', '50063');

function edit(copy: string, file: string, change: (text: string) => string): void {
  writeFileSync(path.join(copy, file), change(readFileSync(path.join(copy, file), 'utf8')));
}

/** Makes a third service of the book service, with what `npm run generate` writes for it. */
async function addReviewService(copy: string): Promise<void> {
  cpSync(path.join(copy, 'book-service'), path.join(copy, 'review-service'), { recursive: true });
  edit(copy, 'review-service/package.json', review);
  edit(copy, 'package.json', (text) => text.replace('"book-service",', '"book-service",\n    "review-service",'));
  const { addServicesToComposeFiles } = await import(pathToFileURL(path.join(copy, 'scripts/compose-files.mjs')).href);
  addServicesToComposeFiles();
  for (const role of ['migrator', 'service']) {
    const file = (service: string) => path.join(copy, `sandbox/dev-secrets/${service}-db-${role}-password`);
    cpSync(file('book'), file('review'));
  }
}

// Windows looks for programs by their extension; and an export needs kustomize or kubectl.
describe.runIf(process.platform !== 'win32' && (await render('docker-desktop')))('in a copy of the repository', () => {
  let copy: WorkTreeCopy;
  beforeAll(async () => {
    copy = await WorkTreeCopy.make();
    if ((await komposeVersion()) === KOMPOSE_VERSION) return;
    mkdirSync(path.join(copy.folder, 'tools'));
    const standIn = path.join(copy.folder, 'sandbox/test/kompose-stand-in.mjs');
    const script = `#!/bin/sh\nexec '${process.execPath}' '${standIn}' "$@"\n`;
    writeFileSync(path.join(copy.folder, 'tools/kompose'), script, { mode: 0o755 });
  });
  afterAll(() => copy?.[Symbol.asyncDispose]());

  const run = (...args: string[]) => {
    const env = { ...process.env, PATH: `${copy.folder}/tools${path.delimiter}${process.env.PATH}` };
    return runProgram(process.execPath, ['sandbox/dist/kubernetes/export.js', ...args], { cwd: copy.folder, env });
  };

  test('the committed manifests are the exported ones, and each that is not is named', async () => {
    expect(await run('--check')).toMatchObject({ status: 0, stderr: '' });
    const before = readFileSync(path.join(copy.folder, 'compose.yaml'), 'utf8');
    edit(copy.folder, 'compose.yaml', (text) => text.replace('mem_limit: 512m', 'mem_limit: 600m'));
    edit(copy.folder, 'k8s/author-db/service.yaml', (text) => text.replace('5432', '5433'));
    const { status, stderr } = await run('--check');
    expect(status).toBe(1);
    expect(stderr).toContain('k8s/base/book-service-deployment.yaml differs from what an export writes');
    expect(stderr).toContain('k8s/author-db/service.yaml differs from what an export writes');
    edit(copy.folder, 'compose.yaml', () => before);
  });

  test('the export of a third service makes the manifests that the others have, without a new file in k8s/components', {
    timeout: 120_000,
  }, async () => {
    await addReviewService(copy.folder);
    expect(await run()).toMatchObject({ status: 0, stderr: '' });
    expect(await run('--check')).toMatchObject({ status: 0, stderr: '' });

    const exported = (file: string) => readFileSync(path.join(copy.folder, file), 'utf8');
    const before = readFiles('k8s');
    const ofBooks = [...before.keys()].filter((file) => /book-/.test(file));
    expect(ofBooks).not.toEqual([]);
    for (const [file, text] of before) {
      // What kompose made of the others stays as it is, but for those that the review service calls.
      if (!/kustomization|author-service.*networkpolicy/.test(file)) expect(exported(file), file).toBe(text);
    }
    for (const file of ofBooks) {
      // No other service calls it.
      if (!/service.*networkpolicy/.test(file))
        expect(exported(review(file)), file).toBe(review(before.get(file) ?? ''));
    }
    expect(exported('k8s/author-service/networkpolicy.yaml')).toContain('review-service');
    expect(exported('k8s/review-service/networkpolicy.yaml')).toContain('review-db');
  });
});

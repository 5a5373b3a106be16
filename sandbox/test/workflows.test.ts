import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { root, services } from '../../scripts/services.mjs';
import { runProgram } from '../src/index.js';

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
}

// actionlint and zizmor look at the rest.
const folder = path.join(root, '.github/workflows');
const stepsOf = (file: string): Step[] => {
  const { jobs } = parse(readFileSync(path.join(folder, file), 'utf8')) as { jobs: Record<string, { steps: Step[] }> };
  return Object.values(jobs).flatMap(({ steps }) => steps);
};
const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

describe.each(readdirSync(folder))('%s', (file) => {
  test('runs npm scripts and files that are there', () => {
    const text = readFileSync(path.join(folder, file), 'utf8');
    for (const [, script = ''] of text.matchAll(/\bnpm (?:run )?([\w:]+)/g)) {
      if (script !== 'ci') expect(Object.keys(scripts)).toContain(script);
    }
    const files = text.match(/(?<=[ "'/])(?:scripts|e2e|sandbox|\.devcontainer)\/[\w./-]+\.\w+/g) ?? [];
    for (const name of files) expect(existsSync(path.join(root, name)), name).toBe(true);
  });
});

test('a release gives an image its tag after it was scanned and signed', () => {
  const names = stepsOf('release.yml').map(({ name }) => name);
  expect(names.filter((name) => name && /^(Build|Scan|Sign|Tag)/.test(name))).toEqual([
    'Build and push, without a tag',
    'Scan',
    'Sign',
    'Tag',
  ]);
});

test('a release builds each service', async () => {
  const list = stepsOf('release.yml').find(({ run }) => run?.includes('GITHUB_OUTPUT'));
  const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-release-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const output = path.join(folder, 'output');
  const env = { ...process.env, GITHUB_OUTPUT: output };
  const { status, stderr } = await runProgram('bash', ['-e', '-c', list?.run ?? ''], { cwd: root, env });
  expect(status, stderr).toBe(0);
  expect(readFileSync(output, 'utf8')).toBe(`names=${JSON.stringify(services.map(({ name }) => name))}\n`);
});

const { status: kustomize } = await runProgram('kustomize', ['version']);
// As the workflow does: on Linux, with kustomize.
if (process.platform === 'linux' && kustomize === 0) {
  describe('scripts/pin-images.sh', () => {
    const signer = 'https://github.com/you/bookstore/.github/workflows/release.yml@refs/tags/v1.2.3';
    const digest = `sha256:${'a'.repeat(64)}`;
    /** In place of a registry and its signatures. */
    const standIns = {
      docker: `[ "$1 $2 $3 $4 $5" = 'buildx imagetools inspect --format {{json .Manifest.Digest}}' ]
      case "$6" in *"$MISSING":1.2.3) exit 1 ;; esac
      printf '"${digest}"'`,
      cosign: `for image; do :; done
      issuer=https://token.actions.githubusercontent.com
      [ "$*" = "verify --certificate-identity ${signer} --certificate-oidc-issuer $issuer $image" ]`,
    };
    let clone: string;

    beforeEach(() => {
      clone = mkdtempSync(path.join(tmpdir(), 'bookstore-clone-'));
      cpSync(path.join(root, 'k8s'), path.join(clone, 'k8s'), { recursive: true });
      mkdirSync(path.join(clone, 'tools'));
      for (const [name, script] of Object.entries(standIns)) {
        writeFileSync(path.join(clone, 'tools', name), `#!/bin/sh\nset -e\n${script}\n`, { mode: 0o755 });
      }
    });
    afterEach(() => rmSync(clone, { recursive: true }));

    const overlay = 'k8s/overlays/production';
    const pin = ({ SIGNER = signer, MISSING = 'nothing' } = {}) =>
      runProgram('bash', [path.join(root, 'scripts/pin-images.sh'), overlay], {
        cwd: clone,
        env: {
          ...process.env,
          PATH: `${path.join(clone, 'tools')}:${process.env.PATH}`,
          IMAGES: 'docker.io/you',
          VERSION: '1.2.3',
          SIGNER,
          MISSING,
        },
      });

    test('sets the digest of each signed image', async () => {
      const { status, stderr } = await pin();
      expect(status, stderr).toBe(0);
      const { stdout } = await runProgram('kustomize', ['build', overlay], { cwd: clone });
      const images = new Set(stdout.match(/(?<=image: ).+/g));
      expect([...images].sort()).toEqual(services.map(({ name }) => `docker.io/you/${name}@${digest}`).sort());
    });

    test('fails for an image that another workflow has signed', async () => {
      expect((await pin({ SIGNER: 'https://github.com/another/repository' })).status).not.toBe(0);
    });

    test('fails for a version that lacks an image', async () => {
      expect((await pin({ MISSING: 'book-service' })).status).not.toBe(0);
    });
  });
}

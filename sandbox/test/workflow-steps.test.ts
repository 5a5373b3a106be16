import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { root } from '../src/kubernetes/paths.js';
import { type ImageRegistry, startImageRegistry } from './image-registry.js';
import { runJob } from './workflow-job.js';

const sh = (script: string) => `#!/bin/sh\nset -e\n${script}\n`;

/** In place of the tools that the steps use. Each takes what the steps are to ask of it, and fails at anything else. */
const tools = {
  npm: sh('[ "$*" = ci ]'),
  go: sh(`case "$*" in
    'env GOPATH') echo "$RUNNER_TEMP/go" ;;
    'install -trimpath sigs.k8s.io/kustomize/kustomize/v5@v'*) ;;
    *) exit 64 ;;
  esac`),
  cosign: sh(`for image; do :; done
  expr "$image" : '.*@sha256:[0-9a-f]\\{64\\}$' > /dev/null
  case "$*" in
    "sign --yes --recursive $image") ;;
    "verify --certificate-identity $SIGNED_BY --certificate-oidc-issuer https://token.actions.githubusercontent.com $image") ;;
    *) exit 64 ;;
  esac
  echo "$1 $image" >> "$NOTES/cosign"`),
  kubectl: sh(`[ "$(cat "$KUBECONFIG")" = 'a kubeconfig' ]
  ls -l "$KUBECONFIG" | cut -c 1-10 > "$NOTES/mode"
  case "$*" in
    'apply -f '*) cat "$3" > "$NOTES/applied" ;;
    '-n bookstore get deployment '* | '-n bookstore rollout status deployment/'*) ;;
    *) exit 64 ;;
  esac`),
};

/** In place of those that look at images and manifests, where this machine has none. */
const imageTools = {
  // As buildx before 0.33: a template that makes no JSON is ignored.
  docker: `#!/usr/bin/env node
    const asked = process.argv.slice(2).join(' ');
    const partsOf = (image) => /^([^/]+)\\/([^@:]+)[@:](\\S+)$/.exec(image) ?? process.exit(64);
    const manifest = async (image, request) => {
      const [, host, repository, reference] = partsOf(image);
      const response = await fetch('http://' + host + '/v2/' + repository + '/manifests/' + reference, request);
      return response.ok ? response : process.exit(1);
    };
    const [, template, inspected] = /^buildx imagetools inspect --format (\\{\\{.+\\}\\}) (\\S+)$/.exec(asked) ?? [];
    const [, tagged, source] = /^buildx imagetools create --tag (\\S+) (\\S+@\\S+)$/.exec(asked) ?? [];
    (async () => {
      if (inspected) {
        const digest = (await manifest(inspected, { method: 'HEAD' })).headers.get('docker-content-digest');
        if (template === '{{json .Manifest.Digest}}') process.stdout.write(JSON.stringify(digest));
        else console.log('Name:      ' + inspected + '\\nDigest:    ' + digest);
      } else if (tagged) {
        const found = await manifest(source);
        const headers = { 'content-type': found.headers.get('content-type') };
        await manifest(tagged, { method: 'PUT', headers, body: await found.text() });
      } else process.exit(64);
    })();`,
  kustomize: sh(`case "$*" in
    'edit set image bookstore/'*=*@sha256:*) [ -f kustomization.yaml ] && echo "image: \${4#*=}" >> images ;;
    'build k8s/overlays/production') echo '  namespace: bookstore' && cat "$2/images" ;;
    *) exit 64 ;;
  esac`),
};

const answers = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;
const real = answers('docker', 'buildx', 'version') && answers('kustomize', 'version');
const ways = [{ with: 'stand-ins', standIns: { ...tools, ...imageTools } }];
if (real)
  ways.push({ with: 'docker buildx and kustomize of this machine', standIns: tools as (typeof ways)[0]['standIns'] });

const SIGNER = 'https://github.com/you/bookstore/.github/workflows/release.yml@refs/tags/v1.2.3';
const services = ['author-service', 'book-service'];

// The runners that release and deploy are Linux; elsewhere bash may be one from 2007.
describe.runIf(process.platform === 'linux').each(ways)('with $with', ({ standIns }) => {
  let folder: string;
  let registry: ImageRegistry;
  const at = (...names: string[]) => path.join(folder, ...names);
  const note = (name: string) => (existsSync(at('notes', name)) ? readFileSync(at('notes', name), 'utf8') : '');

  beforeEach(async () => {
    registry = await startImageRegistry();
    folder = mkdtempSync(path.join(tmpdir(), 'bookstore-workflow-'));
    for (const name of ['notes', 'tools', 'temp', 'clone/scripts']) mkdirSync(at(name), { recursive: true });
    for (const name of ['k8s', '.devcontainer', 'sandbox/dev-secrets']) {
      cpSync(path.join(root, name), at('clone', name), { recursive: true });
    }
    for (const name of ['deploy.sh', 'pin-images.sh', 'tag-image.sh']) {
      cpSync(path.join(root, 'scripts', name), at('clone/scripts', name));
    }
    // The call itself has tests of its own.
    writeFileSync(at('clone/scripts/smoke.mjs'), "if (process.argv[3] !== 'https://books') process.exit(64);\n");
    for (const [name, text] of Object.entries(standIns)) writeFileSync(at('tools', name), text, { mode: 0o755 });
  });
  afterEach(async () => {
    await registry[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const run = (file: string, job: string, values: Record<string, string> = {}, signedBy = SIGNER) =>
    runJob(file, job, {
      values: {
        'vars.IMAGE_REGISTRY': registry.host,
        'vars.IMAGE_NAMESPACE': 'you',
        'github.server_url': 'https://github.com',
        'github.repository': 'you/bookstore',
        'runner.temp': at('temp'),
        ...values,
      },
      env: {
        PATH: `${at('tools')}${path.delimiter}${process.env.PATH}`,
        HOME: process.env.HOME ?? at('temp'),
        RUNNER_TEMP: at('temp'),
        GITHUB_STEP_SUMMARY: at('notes/summary'),
        NOTES: at('notes'),
        SIGNED_BY: signedBy,
      },
      cwd: at('clone'),
    });

  const release = (service: string, digest: string, values: Record<string, string> = {}) =>
    run('release.yml', 'image', {
      'matrix.service': service,
      'steps.build.outputs.digest': digest,
      'github.ref_name': 'v1.2.3',
      ...values,
    });

  const deploy = (signedBy?: string) =>
    run(
      'deploy.yml',
      'deploy',
      {
        'inputs.version': '1.2.3',
        'secrets.KUBE_CONFIG': 'a kubeconfig',
        'secrets.SMOKE_TOKEN': 'a token',
        'vars.AUTHOR_URL': 'https://authors',
        'vars.BOOK_URL': 'https://books',
      },
      signedBy,
    );

  test('release.yml gives the signed image its tag', async () => {
    const digest = registry.add('you/author-service');
    expect(await release('author-service', digest)).toMatchObject({ status: 0 });
    expect(note('cosign')).toBe(`sign ${registry.host}/you/author-service@${digest}\n`);
    expect(registry.digestOf('you/author-service', '1.2.3')).toBe(digest);
    expect(note('summary')).toBe(`\`${registry.host}/you/author-service:1.2.3\` is \`${digest}\`\n`);
  });

  test('release.yml without a namespace for the images says which variable is missing', async () => {
    const digest = registry.add('you/author-service');
    const { status, stderr } = await release('author-service', digest, { 'vars.IMAGE_NAMESPACE': '' });
    expect(status).not.toBe(0);
    expect(stderr).toContain('IMAGE_NAMESPACE: is not set, see docs/pipelines.md');
  });

  test('release.yml tags nothing that the registry does not have', async () => {
    expect((await release('author-service', `sha256:${'0'.repeat(64)}`)).status).not.toBe(0);
    expect(registry.digestOf('you/author-service', '1.2.3')).toBeUndefined();
  });

  test('deploy.yml applies the released images by digest, and forgets the cluster', async () => {
    const names = services.map((name) => `${registry.host}/you/${name}@${registry.add(`you/${name}`, '1.2.3')}`);
    const { status, stderr } = await deploy();
    expect(status, stderr).toBe(0);
    expect(note('cosign')).toBe(names.map((name) => `verify ${name}\n`).join(''));
    const applied = new Set(note('applied').match(/(?<=image: )\S+/g));
    expect([...applied]).toEqual(names);
    expect(note('mode')).toBe('-rw-------\n');
    expect(existsSync(at('temp/kubeconfig'))).toBe(false);
  });

  test.each([
    ['that somebody else has signed', services, 'https://github.com/somebody/else'],
    ['that lacks an image', ['author-service'], SIGNER],
  ])('deploy.yml applies nothing of a version %s', async (_, released, signedBy) => {
    for (const name of released) registry.add(`you/${name}`, '1.2.3');
    expect((await deploy(signedBy)).status).not.toBe(0);
    expect(note('applied')).toBe('');
    expect(existsSync(at('temp/kubeconfig'))).toBe(false);
  });
});

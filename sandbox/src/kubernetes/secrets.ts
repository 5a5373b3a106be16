import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { makeCredentials, makePasswords } from '@bookstore/dev-credentials';
import { root, services } from '../../../scripts/services.mjs';
import { runCommand } from '../command.js';
import { runProgram } from '../run-program.js';
import { SandboxError } from '../sandbox-error.js';
import { parseManifests } from './manifest.js';

/** Of a Secret: its keys, and for each of them the file in the folder of credentials. */
type Files = Readonly<Record<string, string>>;

/** Certificates and token keys, a Secret for each service. */
const certificates = services.map(({ name }): [string, Files] => {
  const files = ['tls.crt', 'tls.key', 'internal.crt', 'internal.key', 'ca.crt', 'jwks.json'];
  return [`${name}-credentials`, Object.fromEntries(files.map((file) => [file, `${name}/${file}`]))];
});

/** Each is a Secret with one key, as in compose.yaml. */
const passwords = services.flatMap(({ shortName }) =>
  ['migrator', 'service'].map((role): [string, Files] => {
    const name = `${shortName}-db-${role}-password`;
    return [name, { [name]: `${shortName}-db/${role}-password` }];
  }),
);

/**
 * `npm run k8s:secrets [-- --namespace NAME] [--credentials FOLDER]`: makes certificates, keys and
 * passwords in the folder, once, and puts them into the cluster as the Secrets that the overlay `secure` mounts.
 */
await runCommand('k8s:secrets', async () => {
  const text = { type: 'string' } as const;
  const { namespace = 'bookstore-secure', credentials } = parseArgs({
    options: { namespace: text, credentials: text },
  }).values;
  const names = services.map(({ name }) => name);
  const context = (await kubectl(['config', 'current-context'])).trim();
  const folder = credentials ?? path.join(root, '.sandbox/kubernetes', context.replace(/[^\w.-]/g, '_'));
  const on = (args: string[], input?: object) =>
    kubectl(['--context', context, '-n', namespace, ...args], JSON.stringify(input));

  // All users may read some of its files, for containers of compose. Here only their owner can enter the folder.
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  keepPasswords(JSON.parse(await on(['get', 'secrets', '-o', 'json'])).items, folder);
  await makeCredentials(folder, names);
  makePasswords(folder, names);
  const items = [...certificates, ...passwords].map(([name, files]) => {
    const contents = Object.entries(files).map(([key, file]) => [key, readFileSync(path.join(folder, file), 'base64')]);
    const metadata = { name, labels: { 'app.kubernetes.io/part-of': 'bookstore' } };
    return { apiVersion: 'v1', kind: 'Secret', metadata, data: Object.fromEntries(contents) };
  });

  const [own] = parseManifests(readFileSync(path.join(root, 'k8s/components/kubernetes/namespace.yaml'), 'utf8'));
  await on(['apply', '-f', '-'], { ...own, metadata: { ...own?.metadata, name: namespace } });
  // On the server's side: the other way, their bytes would also be an annotation.
  const list = { apiVersion: 'v1', kind: 'List', items };
  await on(['apply', '--server-side', '--force-conflicts', '-f', '-'], list);
  console.log(`${items.length} Secrets are in the namespace ${namespace} of ${context}, their files in ${folder}`);
});

/** A database keeps the password that it was made with, so one in the cluster takes the place of a new one. */
function keepPasswords(found: { metadata: { name: string }; data?: Files }[], folder: string): void {
  for (const [key, file] of passwords.flatMap(([, files]) => Object.entries(files))) {
    const value = found.find(({ metadata }) => metadata.name === key)?.data?.[key];
    if (!value) continue;
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), Buffer.from(value, 'base64'), { mode: 0o600 });
  }
}

/** @throws SandboxError with what kubectl said */
async function kubectl(args: string[], input = ''): Promise<string> {
  const { status, stdout, stderr } = await runProgram('kubectl', args, { input });
  if (status === undefined) throw new SandboxError('kubectl is not on PATH');
  if (status !== 0) throw new SandboxError(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

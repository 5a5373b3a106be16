import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeCredentials, makePasswords } from '@bookstore/dev-credentials';
import { services } from '../../../scripts/services.mjs';
import { SandboxError } from '../sandbox-error.js';
import type { Kubectl } from './kubectl.js';
import { namespaceOf, type Overlay, root } from './paths.js';
import type { Manifest } from './split.js';

const certificates = ['tls.crt', 'tls.key', 'internal.crt', 'internal.key', 'ca.crt', 'jwks.json'];
const externalDatabase = ['service-url', 'migrator-url', 'service-password', 'ca.crt'];

/** A Secret for each folder of credentials, and the files that production must find in it. */
const secrets = [
  { folder: 'author-service', required: certificates },
  { folder: 'book-service', required: certificates },
  { folder: 'author-db', required: externalDatabase },
  { folder: 'book-db', required: externalDatabase },
];
const secretName = (folder: string) => `${folder}-credentials`;

export const secretNames = secrets.map(({ folder }) => secretName(folder));

export const needsCredentials = (overlay: Overlay) => overlay === 'secure' || overlay === 'production';

/** Where the secured bookstore's own are kept, git-ignored: what callers trust and tokens are signed with stays here. */
export const credentialsFolder = (context: string) =>
  path.join(root, '.sandbox/kubernetes', context.replace(/[^\w.-]/g, '_'));

export interface SecretsPlace {
  /** Where the files are, or are made. */
  readonly folder?: string | undefined;
  /** Where the Secrets go; the overlay's own namespace unless said. */
  readonly namespace?: string;
}

/**
 * Puts certificates, keys and passwords into the cluster as Secrets. For `secure` they are made first; for `production`
 * the user brings them in a folder.
 *
 * @throws SandboxError that names what is missing
 */
export async function putSecrets(
  kubectl: Kubectl,
  overlay: Overlay,
  { folder = credentialsFolder(kubectl.context), namespace = namespaceOf(overlay) }: SecretsPlace = {},
): Promise<void> {
  if (overlay === 'production') requireFiles(folder);
  else await makeMissing(kubectl, namespace, folder);
  const items = secrets.map((secret) => manifestOf(path.join(folder, secret.folder), secretName(secret.folder)));
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  // On the server's side: the other way, their bytes would also be an annotation.
  await kubectl.readFed(list, '-n', namespace, 'apply', '--server-side', '--force-conflicts', '-f', '-');
}

/** @throws SandboxError unless each of the Secrets is in the cluster */
export async function requireSecrets(kubectl: Kubectl, overlay: Overlay): Promise<void> {
  const there = await kubectl.read('-n', namespaceOf(overlay), 'get', 'secrets', '-o', 'name');
  const missing = secretNames.filter((name) => !there.includes(`secret/${name}\n`));
  if (missing.length === 0) return;
  throw new SandboxError(`there is no Secret ${missing.join(', ')}: -- --overlay ${overlay} --credentials FOLDER`);
}

function requireFiles(folder: string): void {
  const missing = secrets
    .flatMap((secret) => secret.required.map((name) => path.join(secret.folder, name)))
    .filter((name) => !isReadable(path.join(folder, name)));
  if (missing.length > 0) throw new SandboxError(`${folder} has no ${missing.join(', ')}`);
}

/** A database keeps the passwords it has been made with: those in the cluster come before new ones. */
async function makeMissing(kubectl: Kubectl, namespace: string, folder: string): Promise<void> {
  for (const database of ['author-db', 'book-db']) {
    const query = ['get', 'secret', secretName(database), '--ignore-not-found', '-o', 'json'];
    const found = await kubectl.read('-n', namespace, ...query);
    const { data = {} } = found ? (JSON.parse(found) as { data?: Record<string, string> }) : {};
    mkdirSync(path.join(folder, database), { recursive: true, mode: 0o700 });
    for (const [name, value] of Object.entries(data)) {
      writeFileSync(path.join(folder, database, name), Buffer.from(value, 'base64'), { mode: 0o600 });
    }
  }
  const names = services.map(({ name }) => name);
  await makeCredentials(folder, names);
  makePasswords(folder, names);
}

function manifestOf(folder: string, name: string): Manifest & { data: Record<string, string> } {
  const data = readdirSync(folder).map((file) => [file, readFileSync(path.join(folder, file), 'base64')]);
  const metadata = { name, labels: { 'app.kubernetes.io/part-of': 'bookstore' } };
  return { kind: 'Secret', metadata, data: Object.fromEntries(data), ...{ apiVersion: 'v1' } };
}

function isReadable(file: string): boolean {
  try {
    return readFileSync(file).length > 0;
  } catch {
    return false;
  }
}

import { X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createSecureContext } from 'node:tls';

/** Where everything is, in a folder of credentials. */
export const caFile = (folder: string) => path.join(folder, 'ca.crt');
export const signingKeyFile = (folder: string) => path.join(folder, 'token-signing-key.json');
export const serviceFile = (folder: string, service: string, name: string) => path.join(folder, service, name);

const RENEWED_BEFORE_MS = 14 * 86_400_000;

/** Renames the file when it is complete, so that a reader gets the old one or the new one. */
export function writeCredential(file: string, content: string, mode: number): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, content, { mode });
  // The mode above is cut by the umask.
  chmodSync(temporary, mode);
  renameSync(temporary, file);
}

/** Whether everything is there, belongs together, and stays valid for a while. */
export function areUsable(folder: string, services: readonly string[]): boolean {
  try {
    const ca = new X509Certificate(readFileSync(caFile(folder)));
    return existsSync(signingKeyFile(folder)) && services.every((service) => isUsable(path.join(folder, service), ca));
  } catch {
    return false;
  }
}

function isUsable(folder: string, ca: X509Certificate): boolean {
  if (!existsSync(path.join(folder, 'jwks.json'))) return false;
  return ['tls', 'internal'].every((name) => {
    const cert = readFileSync(path.join(folder, `${name}.crt`));
    // Throws when the key is another one's.
    createSecureContext({ cert, key: readFileSync(path.join(folder, `${name}.key`)) });
    const certificate = new X509Certificate(cert);
    return certificate.verify(ca.publicKey) && Date.parse(certificate.validTo) > Date.now() + RENEWED_BEFORE_MS;
  });
}

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Equal as long as a service would run the same code: its own, the kit's and the contract's, as they are compiled now. */
export function codeFingerprint(root: string, service: string): string {
  const hash = createHash('sha256').update(readFileSync(path.join(root, 'proto/gen/descriptors.binpb')));
  for (const part of ['proto', 'service-kit', service]) {
    const folder = path.join(root, part, 'dist');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'));
    for (const file of files.sort()) hash.update(`\0${file}\0`).update(readFileSync(path.join(folder, file)));
  }
  return hash.digest('hex');
}

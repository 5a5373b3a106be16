import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Replaces a piece of a file, as somebody who saves it in an editor.
 *
 * @throws Error when the file does not have it
 */
export async function edit(folder: string, file: string, piece: string, by: string): Promise<void> {
  const name = path.join(folder, file);
  const text = await readFile(name, 'utf8');
  if (!text.includes(piece)) throw new Error(`${file} has no ${piece}`);
  await writeFile(
    name,
    text.replace(piece, () => by),
  );
}

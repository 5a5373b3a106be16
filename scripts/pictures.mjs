import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './run.mjs';

/** Undefined in an image's build, which has no docs and not all packages. */
async function draw() {
  if (!existsSync(path.join(root, 'docs'))) return undefined;
  const { drawCodebase } = await import('./pictures/codebase.mjs');
  const { drawServices } = await import('./pictures/services.mjs');
  return { 'docs/diagram.svg': drawServices(), 'docs/codebase.svg': drawCodebase() };
}

/** Draws the pictures of the README. */
export async function drawPictures() {
  for (const [file, svg] of Object.entries((await draw()) ?? {})) writeFileSync(path.join(root, file), svg);
}

/** Whether the pictures show the repository as it is; else prints which of them does not. */
export async function arePicturesCurrent() {
  const outdated = Object.entries((await draw()) ?? {}).filter(
    ([file, svg]) => readFileSync(path.join(root, file), 'utf8') !== svg,
  );
  for (const [file] of outdated) console.error(`${file} is out of date: npm run generate`);
  return outdated.length === 0;
}

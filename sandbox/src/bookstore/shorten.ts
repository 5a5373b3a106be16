import path from 'node:path';

/** A path as one would type it here: relative where that is shorter. */
export function shorten(file: string): string {
  const relative = path.relative('.', file);
  return relative !== '' && relative.length < file.length ? relative : file;
}

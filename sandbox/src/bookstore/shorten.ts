import path from 'node:path';

/** Relative to the working directory where that is shorter. */
export function shorten(file: string): string {
  const relative = path.relative('.', file);
  return relative !== '' && relative.length < file.length ? relative : file;
}

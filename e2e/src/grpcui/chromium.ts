import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/** What Chromium is called: by Debian, and by the machines of GitHub. */
const NAMES = ['chromium', 'google-chrome'];

/** It asks nobody but the page for anything. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Starts this machine's Chromium without a window, on a profile of its own.
 *
 * @throws Error when there is none on PATH
 */
export function startChromium(): Promise<Browser> {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const files = NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name)));
  const executablePath = files.find((file) => existsSync(file));
  if (!executablePath) throw new Error(`none of ${NAMES.join(', ')} is on PATH`);
  return chromium.launch({ executablePath, args: FLAGS });
}

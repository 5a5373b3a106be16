import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { textOf } from '../process/output-of.js';

type Texts = Readonly<Record<string, string>>;

/** What secrets look like in contents, and in names of files. */
const CONTENTS: Readonly<Record<string, RegExp>> = {
  'a private key': /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*[A-Za-z0-9+/=]{40}/,
  'a secret JSON Web Key': /"d"\s*:\s*"[\w-]{40,}"/,
  'a token': /eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/,
  "a registry's or a forge's token": /npm_[A-Za-z0-9]{36}|gh[pousr]_[A-Za-z0-9]{36}|_authToken=[\w-]{8,}/,
};
const FILES = /(^|\/)(\.env(\..*)?|\.git|\.npmrc|\.sandbox|dev-secrets|id_\w+|.*\.(key|pem|p12)|.*-password)$/;
export const BASE = 'node:24-bookworm-slim';

interface SavedImage {
  readonly RepoTags: readonly string[] | null;
  readonly Config: string;
  readonly Layers: readonly string[];
}

/**
 * What images hold that nobody may have, by where it was found: in each file of each layer, so also in one that a later
 * layer has deleted, and in what the image says of itself. The base image is public, and left out.
 *
 * @param texts what may be found nowhere, by what it is
 */
export async function secretsInImages(images: readonly string[], texts: Texts = {}): Promise<string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-images-'));
  try {
    // The base itself has no name on a machine that knows it from builds alone.
    await using base = await ThrowAwayImage.of(`FROM ${BASE}`);
    await textOf(['docker', 'save', '--output', path.join(folder, 'images.tar'), base.name, ...images]);
    const saved = await extract(path.join(folder, 'images.tar'), path.join(folder, 'saved'));
    const manifest: SavedImage[] = JSON.parse(readFileSync(path.join(saved, 'manifest.json'), 'utf8'));
    const isBase = ({ RepoTags }: SavedImage) => RepoTags?.includes(`${base.name}:latest`);
    const baseLayers = new Set(manifest.filter(isBase).flatMap(({ Layers }) => Layers));
    const found = manifest.flatMap(({ Config }) => secretsInFile(saved, Config, texts));
    const layers = new Set(manifest.flatMap(({ Layers }) => Layers).filter((layer) => !baseLayers.has(layer)));
    for (const layer of layers) {
      const files = await extract(path.join(saved, layer), path.join(folder, 'layer'));
      found.push(...secretsInFolder(files, texts));
      rmSync(files, { recursive: true });
    }
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function secretsInFolder(folder: string, texts: Texts): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const file = path.relative(folder, path.join(entry.parentPath, entry.name));
    return [
      ...(FILES.test(file) ? [`${file} is there`] : []),
      ...(entry.isFile() ? secretsInFile(folder, file, texts) : []),
    ];
  });
}

function secretsInFile(folder: string, file: string, texts: Texts): string[] {
  const bytes = readFileSync(path.join(folder, file));
  const text = bytes.toString('latin1');
  return [
    ...Object.entries(CONTENTS).filter(([, secret]) => secret.test(text)),
    ...Object.entries(texts).filter(([, secret]) => bytes.includes(secret)),
  ].map(([what]) => `${file} holds ${what}`);
}

async function extract(archive: string, folder: string): Promise<string> {
  mkdirSync(folder);
  // Readable for whoever runs this, and without devices, which only root may make.
  const options = ['--no-same-owner', '--no-same-permissions', '--exclude=dev/*'];
  await textOf(['tar', '-x', '-f', archive, '-C', folder, ...options]);
  return folder;
}

/** An image of these lines of a Dockerfile, which is removed at the end. */
export class ThrowAwayImage implements AsyncDisposable {
  readonly name = `bookstore-throw-away-${randomBytes(4).toString('hex')}`;
  private constructor() {}

  static async of(...lines: string[]): Promise<ThrowAwayImage> {
    const image = new ThrowAwayImage();
    await textOf(['docker', 'build', '--quiet', '--tag', image.name, '-'], { input: lines.join('\n') });
    return image;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await textOf(['docker', 'image', 'rm', this.name]);
  }
}

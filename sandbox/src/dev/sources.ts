import path from 'node:path';

/** What a change of files asks for. */
export interface Changes {
  readonly contract: boolean;
  readonly migrations: readonly string[];
}

/** Folders of the repository that the services are made from. What is generated is made from these. */
export function sourceFolders(services: readonly string[]): string[] {
  return [
    'proto/bookstore',
    'proto/src',
    'service-kit/src',
    ...services.flatMap((name) => [`${name}/src`, `${name}/prisma`]),
  ];
}

/** Whether a file or folder is made from sources, and so is no source itself. */
export const isGenerated = (file: string): boolean => path.basename(file) === 'generated';

/** @param files relative to the repository */
export function changesOf(files: Iterable<string>, services: readonly string[]): Changes {
  const changed = [...files].map((file) => file.split(path.sep).join('/'));
  return {
    contract: changed.some((file) => file.endsWith('.proto')),
    migrations: services.filter((name) => changed.some((file) => file.startsWith(`${name}/prisma/migrations/`))),
  };
}

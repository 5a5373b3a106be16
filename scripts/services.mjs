// The services of the bookstore: each workspace that has a Prisma schema, with what its package.json says under
// "bookstore". Every list of services in the tools comes from here. No packages are needed, and nothing compiled.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './run.mjs';

export { root };

const readJson = (file) => JSON.parse(readFileSync(path.join(root, file), 'utf8'));

export const services = readJson('package.json')
  .workspaces.filter((folder) => existsSync(path.join(root, folder, 'prisma/schema.prisma')))
  .map((folder) => {
    const { bookstore } = readJson(`${folder}/package.json`);
    if (!bookstore) throw new Error(`${folder}/package.json lacks "bookstore": its ports, database, role and peers`);
    const shortName = folder.replace(/-service$/, '');
    const upperCase = (name) => name.toUpperCase().replaceAll('-', '_');
    return {
      name: folder,
      shortName,
      folder: path.join(root, folder),
      ...bookstore,
      portVariable: `${upperCase(shortName)}_PORT`,
      addressVariable: `${upperCase(folder)}_ADDRESS`,
    };
  });

/** @throws Error when there is no such service */
export function serviceNamed(name) {
  const service = services.find((each) => each.name === name);
  if (!service)
    throw new Error(`no service is called ${name}; there are ${services.map((each) => each.name).join(', ')}`);
  return service;
}

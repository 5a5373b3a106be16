import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Document, isAlias, isNode, parseDocument, visit } from 'yaml';
import { root } from '../../scripts/services.mjs';

interface Service {
  image: string;
  build?: object;
  pull_policy?: string;
  profiles?: string[];
  cpus?: number;
}

const files = readdirSync(root).filter((file) => /^compose(\.\w+)?\.yaml$/.test(file));
const documents = new Map(
  files.map((file) => {
    const text = readFileSync(path.join(root, file), 'utf8');
    return [file, parseDocument(text, { merge: true, logLevel: 'error' })];
  }),
);
const overlays = files.filter((file) => file !== 'compose.yaml');
/** compose.yaml by itself, with each other file, and with each two. */
const fileSets = [
  ['compose.yaml'],
  ...overlays.map((one) => ['compose.yaml', one]),
  ...overlays.flatMap((one, index) => overlays.slice(index + 1).map((other) => ['compose.yaml', one, other])),
];

/** As much of the services of a file set as is said of images, the later file's word counting. */
function servicesOf(files: readonly string[]): Map<string, Service> {
  const services = new Map<string, Service>();
  for (const file of files) {
    const { services: own }: { services: Record<string, Service | null> } = (documents.get(file) as Document).toJS();
    for (const [name, service] of Object.entries(own)) {
      if (service) services.set(name, { ...services.get(name), ...service });
      else services.delete(name);
    }
  }
  return services;
}

const isOurs = ({ image }: Service): boolean => /^\$\{IMAGE_PREFIX\b/.test(image);

describe.each(fileSets.map((files) => [files.join(' + '), files] as const))('%s', (_, files) => {
  const services = servicesOf(files);
  const ours = [...services].filter(([, service]) => isOurs(service));

  // Two that build the same tag at once fail where images are kept by containerd.
  test('each image of ours is built by exactly one service, which is there whenever another one needs it', () => {
    const builders = new Map(ours.map(([, { image }]) => [image, [] as string[]]));
    for (const [name, { image, build }] of ours) if (build) builders.get(image)?.push(name);
    for (const [image, names] of builders) expect(names, image).toHaveLength(1);
    for (const name of [...builders.values()].flat()) expect(services.get(name)?.profiles, name).toBeUndefined();
  });

  test('no image of ours is pulled', () => {
    expect(ours).not.toEqual([]);
    for (const [name, { pull_policy }] of ours) expect(['never', 'build'], name).toContain(pull_policy);
  });

  // The engine refuses more processors than there are, and any number where the kernel has no cgroup for them.
  test('no service asks for a number of processors', () => {
    for (const [name, { cpus }] of services) expect(cpus, name).toBeUndefined();
  });
});

// Compose before 2.27 loses a tag that is reached by an alias.
test.each([...documents])('%s says !override and !reset in place, below no alias', (_, document) => {
  const lost: string[] = [];
  visit(document, {
    Alias: (_, alias) => {
      const source = alias.resolve(document);
      visit(source ?? null, {
        Node: (_, node) => {
          if (isNode(node) && !isAlias(node) && /^!(override|reset)$/.test(node.tag ?? '')) lost.push(alias.source);
        },
      });
    },
  });
  expect(lost).toEqual([]);
});

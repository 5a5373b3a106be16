// Public API alone: finds the ways by which code reaches into what a library or Node keeps to itself.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { importsOf } from './imports.mjs';
import { root } from './run.mjs';
import { services } from './services.mjs';

const require = createRequire(path.join(root, 'service-kit/package.json'));

/** Ways in, by what they are called. */
const WAYS = {
  'symbols or keys of an object of others': /\b(getOwnPropertySymbols|Reflect\.ownKeys)\b/,
  'a changed prototype': /\.prototype(\.\w+|\[[^\]]+\]) *=[^=]|\bsetPrototypeOf\b|\bdefineProperty\(\w+\.prototype\b/,
  'a private field of another object': /(?<!\bthis)\._[a-z][A-Za-z]*\b/,
  'a type that is cast to another one': /\bas unknown as\b|\bas any\b/,
  'a flag of V8 at run time': /\bsetFlagsFromString\b/,
  'listeners of others that are removed': /\.removeAllListeners\(/,
  'an internal of async_hooks': /\bexecutionAsyncResource\b/,
};

/** Casts that reach into nothing, and imports that are documented without being exports: by file, each with its reason. */
const EXCEPTIONS = {
  // Our own generated decoder takes a reader as well as bytes.
  'service-kit/src/server/malformed.ts': ['a type that is cast to another one'],
  // An extension that protobufjs documents; the package has no list of exports.
  'service-kit/src/server/reflection.ts': ['a deep import: protobufjs/ext/descriptor/index.js'],
};

/** Such as protobufjs/ext/descriptor/index.js, where the package does not export it by name. */
function isDeep(specifier) {
  const [, name, subpath] = /^((?:@[^/]+\/)?[^./@][^/]*)\/(.+)$/.exec(specifier) ?? [];
  if (!name || name.startsWith('node:') || name.startsWith('@bookstore/')) return false;
  let manifest;
  try {
    manifest = require(`${name}/package.json`);
  } catch {
    return false; // a package whose exports leave nothing else to import
  }
  return !Object.keys(manifest.exports ?? {}).some((key) => key === `./${subpath}`);
}

/** What is wrong with a source text, one line each. */
export function violations(file, text) {
  const found = [];
  for (const [index, line] of text.split('\n').entries()) {
    for (const [way, pattern] of Object.entries(WAYS)) {
      if (pattern.test(line) && !/^\s*(\*|\/\/)/.test(line)) found.push({ way, line: index + 1 });
    }
  }
  for (const { specifier, index } of importsOf(text)) {
    const line = text.slice(0, index).split('\n').length;
    if (isDeep(specifier)) found.push({ way: `a deep import: ${specifier}`, line });
  }
  const allowed = EXCEPTIONS[file] ?? [];
  return found.filter(({ way }) => !allowed.includes(way)).map(({ way, line }) => `${file}:${line}: ${way}`);
}

/** True when the services and the kit use public API alone; else prints where they do not. */
export function usesPublicApi() {
  const folders = [...services.map(({ name }) => `${name}/src`), 'service-kit/src'];
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', ...folders], {
    cwd: root,
  });
  const found = files
    .toString()
    .split('\n')
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => violations(file, readFileSync(path.join(root, file), 'utf8')));
  for (const line of found) console.error(line);
  return found.length === 0;
}

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { root } from '../kubernetes/paths.js';

/** What the diagram shows of a service, in the words of compose.yaml and the .proto files. */
export interface ServiceBox {
  readonly name: string;
  /** On this machine, for callers. */
  readonly port: string;
  /** Public gRPC service, and its methods in their order. */
  readonly api: { readonly name: string; readonly methods: readonly string[] };
  readonly database: { readonly name: string; readonly image: string; readonly tables: readonly string[] };
}

/** A call from one service to another's internal port. */
export interface InternalCall {
  readonly from: string;
  readonly to: string;
  readonly port: string;
  readonly method: string;
}

export interface BookstoreModel {
  readonly services: readonly ServiceBox[];
  readonly calls: readonly InternalCall[];
}

interface ComposeService {
  readonly image: string;
  /** Null is passed on from whoever runs compose. */
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly ports?: readonly string[];
}

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** What compose.yaml, the workspace and the contract say of the bookstore. */
export function readBookstore(): BookstoreModel {
  const compose: Record<string, ComposeService> = parse(read('compose.yaml'), { merge: true }).services;
  const { workspaces }: { workspaces: string[] } = JSON.parse(read('package.json'));
  const names = workspaces.filter((workspace) => compose[workspace]?.ports);
  const contract = readContract();
  const services = names.map((name) => serviceBox(name, compose, contract));
  const calls = names.flatMap((from) => {
    const values = Object.values(compose[from]?.environment ?? {}).filter((value) => value !== null);
    return names.flatMap((to) =>
      values
        .filter((value) => value.startsWith(`${to}:`))
        .map((value) => ({ from, to, port: value.slice(to.length + 1), method: methodCalled(from) })),
    );
  });
  return { services, calls };
}

function serviceBox(name: string, compose: Record<string, ComposeService>, contract: Contract): ServiceBox {
  const { ports = [], environment = {} } = compose[name] as ComposeService;
  const apiName = name.replaceAll(/(^|-)(\w)/g, (_, _dash, letter: string) => letter.toUpperCase());
  const [, database = ''] = /@([\w-]+):5432\//.exec(environment.DATABASE_URL ?? '') ?? [];
  return {
    name,
    port: ports[0]?.split(':').at(-1) ?? '',
    api: { name: apiName, methods: contract.get(apiName) ?? [] },
    database: { name: database, image: compose[database]?.image ?? '', tables: tablesOf(name) },
  };
}

const tablesOf = (service: string): string[] =>
  [...read(`${service}/prisma/schema.prisma`).matchAll(/@@map\("(\w+)"\)/g)].map(([, table = '']) => table);

type Contract = ReadonlyMap<string, readonly string[]>;

/** The bookstore's own gRPC services with their methods. */
function readContract(): Contract {
  const folder = path.join(root, 'proto/bookstore');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.proto'));
  const services = files
    .sort()
    .flatMap((file) => [...readFileSync(path.join(folder, file), 'utf8').matchAll(/^service (\w+) \{(.*?)^\}/gms)]);
  return new Map(
    services.map(([, name = '', body = '']) => [
      name,
      [...body.matchAll(/^ {2}rpc (\w+)/gm)].map(([, rpc = '']) => rpc),
    ]),
  );
}

/** The method of the other service that a service says it calls, where it opens its channel. */
function methodCalled(service: string): string {
  const source = path.join(root, service, 'src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const code = files.map((file) => readFileSync(path.join(source, file), 'utf8')).join('\n');
  const [, peer, method] = /service: 'bookstore\.[\w.]+\.(\w+)', method: '(\w+)'/.exec(code) ?? [];
  if (!peer || !method) throw new Error(`${service}/src says of no call to the other service`);
  return `${peer}.${method}`;
}

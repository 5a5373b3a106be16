import { parseArgs } from 'node:util';
import { serviceNamed, services } from '../../../scripts/services.mjs';
import { portFrom } from '../bookstore/ports.js';
import { runningBookstore } from '../bookstore/running-bookstore.js';
import { SandboxError } from '../sandbox-error.js';

export const USAGE = `npm run seed -- [options]

Adds a catalogue of authors and books to the bookstore that runs. A second run adds nothing twice.

  --authors N   generates N authors instead of the catalogue, with ten books each on average
  --books M     generates M books
  --ca FILE     calls with TLS, and trusts this certificate authority (PEM)

It calls the ports AUTHOR_PORT and BOOK_PORT of this machine; by default, those of the bookstore that npm start runs.
BOOKSTORE_TOKEN is the bearer token for a secured bookstore.`;

/** As many made-up authors, or books, fit in the memory of Node. */
const MOST = 1_000_000;

export interface SeedOptions {
  readonly help: boolean;
  /** The catalogue where absent. */
  readonly madeUp: { readonly authors: number; readonly books: number } | undefined;
  /** host:port of each service. */
  readonly addresses: { readonly author: string; readonly book: string };
  /** File of the certificate authority to trust; plaintext where absent. */
  readonly caFile: string | undefined;
  readonly token: string | undefined;
}

/**
 * Reads the command line and the environment.
 *
 * @throws SandboxError with one line about what cannot be
 */
export function seedOptions(args: string[], env = process.env): SeedOptions {
  const text = { type: 'string' } as const;
  const help = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ args, options: { authors: text, books: text, ca: text, help } });
  const authors = count('--authors', values.authors);
  const books = count('--books', values.books);
  const madeUp = {
    authors: authors ?? Math.ceil((books ?? 0) / 10),
    books: books ?? Math.min((authors ?? 0) * 10, MOST),
  };
  const token = env.BOOKSTORE_TOKEN || undefined;
  // The message of an invalid header would contain it.
  if (token && !/^[\x21-\x7e]+$/.test(token)) throw new SandboxError('the token has characters that no JWT has');
  // As the variables say, else where npm start listens, else at the default ports.
  const found = runningBookstore();
  const isThere = ({ name, portVariable }: (typeof services)[number]) =>
    !env[portVariable] ||
    found?.services.some((at) => at.name === name && at.address.endsWith(`:${env[portVariable]}`));
  const running = services.every(isThere) ? found : undefined;
  const caFile = values.ca ?? running?.caFile;
  const addressOf = (name: string) => {
    const { port, portVariable } = serviceNamed(name);
    // Node warns about a TLS server name that is a number.
    const host = caFile === undefined ? '127.0.0.1' : 'localhost';
    const at = running?.services.find((service) => service.name === name);
    return at?.address ?? `${host}:${portFrom(portVariable, port, env)}`;
  };
  const addresses = { author: addressOf('author-service'), book: addressOf('book-service') };
  return { help: values.help, madeUp: madeUp.authors > 0 ? madeUp : undefined, addresses, caFile, token };
}

function count(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d*$/.test(text) && Number(text) <= MOST) return Number(text);
  throw new SandboxError(`${option} takes a whole number from 1 to ${MOST}, not '${text}'`);
}

import { parseArgs } from 'node:util';
import { serviceNamed } from '../../../scripts/services.mjs';
import { portFrom } from '../bookstore/ports.js';
import { runningBookstore } from '../bookstore/running-bookstore.js';
import { SandboxError } from '../sandbox-error.js';

export const USAGE = `npm run seed -- [options]

Adds a catalogue of authors and books to the bookstore that runs. A second run adds nothing twice.

  --authors N             makes up N authors instead of the catalogue, with ten books each on average
  --books M               makes up M books
  --author-address H:P    the author service
  --book-address H:P      the book service
  --ca FILE               calls with TLS, and trusts this certificate authority (PEM)

Without addresses it calls AUTHOR_PORT and BOOK_PORT of this machine, or where npm start listens.
BOOKSTORE_TOKEN is the bearer token for a secured bookstore.`;

/** A service to call. */
export interface Endpoint {
  /** host:port. */
  readonly address: string;
  /** The option and the variable that say where it is. */
  readonly setBy: string;
  /** File of the certificate authority to trust; plaintext where absent. */
  readonly caFile?: string | undefined;
}

export interface SeedOptions {
  readonly help: boolean;
  /** The catalogue where absent. */
  readonly madeUp: { readonly authors: number; readonly books: number } | undefined;
  readonly authorService: Endpoint;
  readonly bookService: Endpoint;
  readonly token: string | undefined;
}

/**
 * Reads the command line and the environment.
 *
 * @throws SandboxError with one line about what cannot be
 */
export function seedOptions(args: string[], env = process.env): SeedOptions {
  const text = { type: 'string' } as const;
  const addresses = { 'author-address': text, 'book-address': text, ca: text };
  const help = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ args, options: { authors: text, books: text, ...addresses, help } });
  const authors = count('--authors', values.authors);
  const books = count('--books', values.books);
  const madeUp = { authors: authors ?? Math.ceil((books ?? 0) / 10), books: books ?? (authors ?? 0) * 10 };
  const authorService = whereIs('author-service', values['author-address'], values.ca);
  const bookService = whereIs('book-service', values['book-address'], values.ca);
  const token = env.BOOKSTORE_TOKEN || undefined;
  if (token) for (const endpoint of [authorService, bookService]) requireSafe(token, endpoint);
  return { help: values.help, madeUp: madeUp.authors > 0 ? madeUp : undefined, authorService, bookService, token };
}

function count(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,7}$/.test(text)) return Number(text);
  throw new SandboxError(`${option} takes a whole number from 1 to 99999999, not '${text}'`);
}

/** As the option says, else as the variable says, else where npm start listens, else at the default port. */
function whereIs(name: string, option: string | undefined, caFile: string | undefined): Endpoint {
  const { shortName, port, portVariable } = serviceNamed(name);
  const setBy = `--${shortName}-address or ${portVariable}`;
  if (option !== undefined) {
    if (/^(\[[\da-f:.]+\]|[^\s:/]+):\d{1,5}$/i.test(option)) return { address: option, setBy, caFile };
    throw new SandboxError(`--${shortName}-address takes host:port, not '${option}'`);
  }
  const running = process.env[portVariable] ? undefined : runningBookstore();
  const found = running?.services.find((service) => service.name === name);
  if (found) return { address: found.address, setBy, caFile: caFile ?? running?.caFile };
  // Node warns about a TLS server name that is a number.
  const host = caFile === undefined ? '127.0.0.1' : 'localhost';
  return { address: `${host}:${portFrom(portVariable, port)}`, setBy, caFile };
}

/** A token that is read on the network can be used by others. Messages never contain it. */
function requireSafe(token: string, { address, caFile }: Endpoint): void {
  if (!/^[\x21-\x7e]+$/.test(token)) throw new SandboxError('the token has characters that no JWT has');
  if (caFile === undefined && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\]):\d+$/i.test(address))
    throw new SandboxError(`a token is not sent to ${address} without TLS: set --ca`);
}

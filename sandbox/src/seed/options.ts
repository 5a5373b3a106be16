import { parseArgs } from 'node:util';
import type { Address } from './target.js';

/** A command line that cannot be understood; the message is one line. */
export class UsageError extends Error {
  override name = 'UsageError';
}

export interface SeedOptions extends Address {
  readonly help: boolean;
  readonly concurrency: number;
  /** How much to make up; the catalogue goes in when absent. */
  readonly synthetic?: { readonly authors: number; readonly books: number };
}

export const USAGE = `Usage: npm run seed -- [options]

Puts a catalogue of real authors and books into the running bookstore. Running it again adds nothing twice.

  --authors <n>              make up this many authors instead (with --books alone: a tenth of the books)
  --books <n>                make up this many books instead (with --authors alone: ten for each)
  --author-address <h:p>     the author service (127.0.0.1:\${AUTHOR_PORT:-50051})
  --book-address <h:p>       the book service (127.0.0.1:\${BOOK_PORT:-50052})
  --ca <file>                use TLS and trust this certificate authority (PEM); the default host is then localhost
  --token <jwt>              bearer token for a secured bookstore; better given as BOOKSTORE_TOKEN
  --concurrency <n>          calls in flight (32)
  --help                     this text`;

const FLAGS = {
  authors: { type: 'string' },
  books: { type: 'string' },
  'author-address': { type: 'string' },
  'book-address': { type: 'string' },
  ca: { type: 'string' },
  token: { type: 'string' },
  concurrency: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the command line and the environment, or throws a UsageError. */
export function parseOptions(args: readonly string[], env: Environment): SeedOptions {
  const flags = parseFlags(args);
  const authors = count('--authors', flags.authors, 1, 1_000_000);
  const books = count('--books', flags.books, 0, 10_000_000);
  // Node warns about a TLS server name that is an IP address.
  const host = flags.ca === undefined ? '127.0.0.1' : 'localhost';
  const options = {
    help: flags.help ?? false,
    concurrency: count('--concurrency', flags.concurrency, 1, 1_000) ?? 32,
    authorAddress: address('--author-address', flags['author-address']) ?? `${host}:${port(env, 'AUTHOR_PORT', 50051)}`,
    bookAddress: address('--book-address', flags['book-address']) ?? `${host}:${port(env, 'BOOK_PORT', 50052)}`,
    ca: flags.ca,
    token: token(flags.token ?? env.BOOKSTORE_TOKEN),
  };
  for (const to of [options.authorAddress, options.bookAddress]) {
    if (options.token !== undefined && options.ca === undefined && !isLoopback(to)) {
      throw new UsageError(`a token is not sent to ${to} without TLS, where others could read it: add --ca <file>`);
    }
  }
  if (authors === undefined && books === undefined) return options;
  return {
    ...options,
    synthetic: {
      authors: authors ?? Math.max(1, Math.floor((books ?? 0) / 10)),
      books: books ?? (authors ?? 0) * 10,
    },
  };
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, strict: true }).values;
  } catch (error) {
    // Node adds advice in further sentences and lines.
    const [first] = (error as Error).message.split(/\. |\n/);
    throw new UsageError(first, { cause: error });
  }
}

function count(flag: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`${flag} takes a whole number from ${least} to ${most}, not '${text}'`);
}

function address(flag: string, text: string | undefined): string | undefined {
  if (text === undefined || /^(\[[\da-f:.]+\]|[^\s:/]+):\d{1,5}$/i.test(text)) return text;
  throw new UsageError(`${flag} takes host:port, not '${text}'`);
}

function port(env: Environment, variable: string, fallback: number): number {
  const text = env[variable] || String(fallback);
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 65_535) return value;
  throw new UsageError(`${variable} takes a port number, not '${text}'`);
}

/** Absent when empty, as a variable often is; never shown, not even a wrong one. */
function token(text: string | undefined): string | undefined {
  if (!text) return undefined;
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new UsageError('the token holds characters that no token has: give the JWT alone');
}

function isLoopback(address: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]):\d+$/i.test(address);
}

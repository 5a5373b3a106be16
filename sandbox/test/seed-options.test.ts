import { describe, expect, it } from 'vitest';
import { parseOptions, UsageError } from '../src/seed/options.js';

describe('the seed command line', () => {
  it('means the catalogue and the local bookstore when empty', () => {
    expect(parseOptions([], {})).toEqual({
      help: false,
      concurrency: 32,
      authorAddress: '127.0.0.1:50051',
      bookAddress: '127.0.0.1:50052',
      ca: undefined,
      token: undefined,
    });
  });

  it('takes ports from the environment, and addresses before them', () => {
    const env = { AUTHOR_PORT: '6001', BOOK_PORT: '6002' };
    expect(parseOptions(['--book-address', '[::1]:7'], env)).toMatchObject({
      authorAddress: '127.0.0.1:6001',
      bookAddress: '[::1]:7',
    });
  });

  it.each([
    [['--authors', '10', '--books', '7'], { authors: 10, books: 7 }],
    [['--authors', '10'], { authors: 10, books: 100 }],
    [['--books', '100'], { authors: 10, books: 100 }],
    [['--books', '3'], { authors: 1, books: 3 }],
  ])('makes up what %j asks for', (args, expected) => {
    expect(parseOptions(args, {}).synthetic).toEqual(expected);
  });

  it('sends a token to the own machine or over TLS only', () => {
    const env = { BOOKSTORE_TOKEN: 'a.b.c' };
    expect(parseOptions([], env).token).toBe('a.b.c');
    expect(parseOptions(['--token', 'd.e.f', '--book-address', 'localhost:1'], env).token).toBe('d.e.f');
    expect(parseOptions(['--ca', 'ca.pem', '--book-address', 'books.example.com:443'], env).token).toBe('a.b.c');
    expect(() => parseOptions(['--book-address', 'books.example.com:443'], env)).toThrow(
      'a token is not sent to books.example.com:443 without TLS',
    );
    expect(() => parseOptions(['--author-address', '127.0.0.1.example.com:443'], env)).toThrow(UsageError);
  });

  it.each([
    [['--wrong'], {}, "Unknown option '--wrong'"],
    [['extra'], {}, "Unexpected argument 'extra'"],
    [['--authors'], {}, "Option '--authors <value>' argument missing"],
    [['--authors', '-1'], {}, "Option '--authors' argument is ambiguous"],
    [['--authors', '0'], {}, "--authors takes a whole number from 1 to 1000000, not '0'"],
    [['--books', '1e3'], {}, "--books takes a whole number from 0 to 10000000, not '1e3'"],
    [['--concurrency', '0'], {}, "--concurrency takes a whole number from 1 to 1000, not '0'"],
    [['--author-address', 'localhost'], {}, "--author-address takes host:port, not 'localhost'"],
    [[], { AUTHOR_PORT: 'x' }, "AUTHOR_PORT takes a port number, not 'x'"],
    [[], { BOOKSTORE_TOKEN: 'a b' }, 'the token holds characters that no token has: give the JWT alone'],
  ])('refuses %j %j in one line', (args, env, message) => {
    const refused = (() => {
      try {
        parseOptions(args, env);
      } catch (error) {
        return error;
      }
    })();
    expect(refused).toBeInstanceOf(UsageError);
    expect((refused as UsageError).message.startsWith(message)).toBe(true);
    expect((refused as UsageError).message).not.toContain('\n');
  });
});

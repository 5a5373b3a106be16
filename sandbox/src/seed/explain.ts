import { status } from '@grpc/grpc-js';
import { type Failure, oneLine } from './failure.js';
import type { SeedAuthor, SeedBook } from './source.js';

/** One line on an author or a book that was not added. */
export function explainRefusal(item: SeedAuthor | SeedBook, { code, reason, text }: Failure): string {
  if ('email' in item) {
    const why = reason === 'EMAIL_TAKEN' ? `another author has the address ${item.email}` : text;
    return `${item.name} and the books are not added: ${why}`;
  }
  const why = code === status.NOT_FOUND ? 'the author has been deleted meanwhile' : text;
  return `the book "${item.title}" (${item.authorEmail}) is not added: ${why}`;
}

/** One line on a failure that ends the load. */
export function explainEnd(address: string, { code, text }: Failure): string {
  switch (code) {
    case status.UNAUTHENTICATED:
      return `${address} wants valid credentials (${text}): give a token with --token or BOOKSTORE_TOKEN`;
    case status.PERMISSION_DENIED:
      return `${address} does not let this token write (${text}): it needs the scopes authors:write and books:write`;
    case status.UNIMPLEMENTED:
      return `what answers at ${address} is another service (${text}): check --author-address and --book-address`;
    default:
      return `${address} failed (${text}): see the service's log`;
  }
}

/** One line on a service that is not there. */
export function explainNobody(address: string): string {
  return `nothing answers at ${address}: start the bookstore with \`npm start\` or \`docker compose up\``;
}

/** One line on a connection that does not come about, by what gRPC says of the last try. */
export function explainConnection(address: string, error: string): string {
  if (error.includes('wrong version number')) return `${address} does not speak TLS: leave --ca out`;
  if (/certificate|altnames|SSL|TLS/i.test(error)) {
    const [, why = error] = /Last error: (?:Error: )?(.*?)\.? Resolution note/s.exec(error) ?? [];
    return `${address} is not trusted (${oneLine(why)}): give the authority that signed its certificate with --ca`;
  }
  // Something took the connection and then let it go.
  if (error.includes('Last error: Failed to connect')) {
    return `${address} does not speak plaintext gRPC: for a secured bookstore, give its certificate authority with --ca`;
  }
  return explainNobody(address);
}

/** One line on a service that is there and takes nothing. */
export function explainTrouble(address: string, seconds: number, { text }: Failure): string {
  return `${address} has taken nothing for ${seconds} s (${text}): see the service's log; running this again goes on from here`;
}

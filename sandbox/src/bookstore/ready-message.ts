import { services } from '../../../scripts/services.mjs';
import { shorten } from './shorten.js';
import type { Bookstore } from './start-bookstore.js';

/** The lines that end a start: the addresses, and a first call to copy for each service. */
export function readyMessage(bookstore: Pick<Bookstore, 'service' | 'caFile'>): string {
  const caFile = bookstore.caFile && shorten(bookstore.caFile);
  const address = (name: string) =>
    bookstore.service(name).address.replace('127.0.0.1', caFile ? 'localhost' : '127.0.0.1');
  const addresses = services.map(({ name }) => `    ${name.padEnd(16)} ${address(name)}   gRPC`);
  const protocol = caFile
    ? `--protocol grpc --cacert ${caFile} -H "authorization: Bearer $TOKEN" --reflect-header '*'`
    : '--protocol grpc --http2-prior-knowledge';
  const calls = services.flatMap(({ name, firstCall }) => {
    if (!firstCall) return [];
    const url = `${caFile ? 'https' : 'http'}://${address(name)}/${firstCall.method}`;
    return [`    npx buf curl ${protocol} -d '${JSON.stringify(firstCall.request)}' ${url}`];
  });
  return `
  The bookstore serves after ${(performance.now() / 1000).toFixed(1)} s.

${addresses.join('\n')}

  A first call to each, in another terminal:

${caFile ? '    TOKEN=$(npm run -s token)\n' : ''}${calls.join('\n')}

  A catalogue of authors and books: npm run seed, in another terminal. To stop: Ctrl-C.
`;
}

import { serviceNamed } from '../../../scripts/services.mjs';
import { shorten } from './shorten.js';
import type { Bookstore } from './start-bookstore.js';

/** The lines that end a start: the addresses, and a first call to each service to copy. */
export function readyMessage({ addresses, caFile }: Pick<Bookstore, 'addresses' | 'caFile'>): string {
  const ca = caFile && shorten(caFile);
  const options = ca
    ? `--protocol grpc --cacert ${ca} -H "authorization: Bearer $TOKEN" --reflect-header '*'`
    : '--protocol grpc --http2-prior-knowledge';
  const calls = addresses.flatMap(({ name, address }) => {
    const { firstCall } = serviceNamed(name);
    if (!firstCall) return [];
    const url = `${ca ? 'https' : 'http'}://${address}/${firstCall.method}`;
    return [`    npx buf curl ${options} -d '${JSON.stringify(firstCall.request)}' ${url}`];
  });
  // performance.now() begins with the process, so the time includes compiling.
  return `
  The bookstore serves after ${(performance.now() / 1000).toFixed(1)} s.

${addresses.map(({ name, address }) => `    ${name.padEnd(16)} ${address}   gRPC`).join('\n')}

  A first call to each, in another terminal:

${ca ? '    TOKEN=$(npm run -s token)\n' : ''}${calls.join('\n')}

  Many authors and books: ${ca ? 'BOOKSTORE_TOKEN=$TOKEN ' : ''}npm run seed. To stop: Ctrl-C.
`;
}

/** What a newcomer is told once everything serves. */
export interface WhereToCall {
  readonly ports: Readonly<Record<string, number>>;
  readonly seconds: string;
  /** The certificate authority that clients trust, in secure mode. */
  readonly caFile?: string | undefined;
}

const CREATE_AUTHOR = 'bookstore.author.v1.AuthorService/CreateAuthor';
const AN_AUTHOR = `'{"name":"Ursula K. Le Guin","email":"ursula@example.com"}'`;

/** The lines that `npm start` ends its start with: addresses, and a first call to copy. */
export function whereToCall(where: WhereToCall): string {
  const { ports, seconds, caFile } = where;
  const host = caFile ? 'localhost' : '127.0.0.1';
  const authorPort = ports['author-service'] ?? 0;
  const addresses = Object.entries(ports).map(([name, port]) => `    ${name.padEnd(16)} ${host}:${port}   gRPC`);
  return `
  The bookstore serves after ${seconds} s.

${addresses.join('\n')}
${caFile ? secureCalls(authorPort, caFile) : openCalls(authorPort)}`;
}

const openCalls = (port: number) => `
  A first call:

    npx buf curl --protocol grpc --http2-prior-knowledge -d ${AN_AUTHOR} http://127.0.0.1:${port}/${CREATE_AUTHOR}

  The same with grpcurl, where it is installed:

    grpcurl -plaintext -d ${AN_AUTHOR} 127.0.0.1:${port} ${CREATE_AUTHOR}

  Pages to click through, where grpcui is installed: npm run grpcui, in another terminal.

  A catalogue to play with: npm run seed, in another terminal. To stop: Ctrl-C.
`;

const secureCalls = (port: number, caFile: string) => `
  It takes calls by TLS alone, and with a token. A first call:

    TOKEN=$(npm run -s token -- --scope 'authors:read authors:write' --ttl 1h)
    npx buf curl --protocol grpc --cacert ${caFile} -H "authorization: Bearer $TOKEN" --reflect-header '*' -d ${AN_AUTHOR} https://localhost:${port}/${CREATE_AUTHOR}

  The same with grpcurl, where it is installed:

    grpcurl -cacert ${caFile} -H "authorization: Bearer $TOKEN" -d ${AN_AUTHOR} localhost:${port} ${CREATE_AUTHOR}

  Pages to click through, where grpcui is installed: npm run grpcui, in another terminal.

  A catalogue to play with: BOOKSTORE_TOKEN=$(npm run -s token) npm run seed -- --ca ${caFile}. To stop: Ctrl-C.
`;

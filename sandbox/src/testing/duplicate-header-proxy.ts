import net, { type AddressInfo } from 'node:net';

/** HPACK's Huffman code (RFC 7541, appendix B) of the letters of the two names below. */
const CODES: Record<string, string> = {
  a: '00011',
  h: '100111',
  i: '00110',
  m: '101001',
  n: '101010',
  o: '00111',
  r: '101100',
  t: '01001',
  u: '101101',
  z: '1111011',
};

function huffman(text: string): Buffer {
  const bits = [...text].map((letter) => CODES[letter]).join('');
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  return Buffer.from(padded.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
}

/** What a client sends instead of a second authorization header: a name that is as long when encoded. */
export const SECOND_AUTHORIZATION = 'authorizatiom';

/**
 * Passes on what an HTTP/2 client sends, with a second authorization header in place of `SECOND_AUTHORIZATION`: no
 * client library at hand sends one header twice.
 */
export async function startDuplicateHeaderProxy(port: number): Promise<{ port: number; stop(): void }> {
  const [from, to] = [huffman(SECOND_AUTHORIZATION), huffman('authorization')];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => [client, upstream].forEach((other) => void other.destroy()));
    }
    upstream.pipe(client);
    client.on('data', (chunk: Buffer) => {
      for (let at = chunk.indexOf(from); at !== -1; at = chunk.indexOf(from)) to.copy(chunk, at);
      upstream.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

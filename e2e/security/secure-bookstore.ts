import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { caFile, SCOPES, signingKeyFile } from '@bookstore/dev-credentials';
import { TokenKey } from '@bookstore/dev-credentials/token-key';
import { type Bookstore, freePort, startBookstore } from '@bookstore/sandbox';
import { credentials } from '@grpc/grpc-js';

/** Both services, closed, as `npm start -- --secure` runs them. */
export interface SecureBookstore {
  readonly bookstore: Bookstore;
  readonly authorPort: number;
  readonly bookPort: number;
  /** Each line that the services have logged. */
  readonly log: string[];
  readonly ca: Buffer;
  /** Bearer and token, as the authorization header has it. */
  authorization(scopes?: readonly string[], subject?: string): Promise<string>;
  session(port: number): ClientHttp2Session;
  readonly channel: () => ReturnType<typeof credentials.createSsl>;
  stop(): Promise<void>;
}

export async function startSecureBookstore(env: Readonly<Record<string, string>> = {}): Promise<SecureBookstore> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'bookstore-secure-'));
  const [authorPort, bookPort] = [await freePort(), await freePort()];
  const log: string[] = [];
  const onLog = (line: string) => void log.push(line);
  const bookstore = await startBookstore({
    dataDir,
    ports: { 'author-service': authorPort, 'book-service': bookPort },
    secure: true,
    durable: false,
    env,
    onLog,
  });
  const certs = path.join(dataDir, 'certs');
  const ca = readFileSync(caFile(certs));
  const key = TokenKey.from(JSON.parse(readFileSync(signingKeyFile(certs), 'utf8')));
  return {
    bookstore,
    authorPort,
    bookPort,
    log,
    ca,
    authorization: async (scopes = SCOPES, subject = 'somebody') =>
      `Bearer ${await key.issue({ subject, scopes, lifetimeSeconds: 600 })}`,
    session: (port) => connect(`https://localhost:${port}`, { ca }),
    channel: () => credentials.createSsl(ca),
    stop: async () => {
      await bookstore.stop();
      rmSync(dataDir, { recursive: true });
    },
  };
}

import { type Client, credentials, experimental } from '@grpc/grpc-js';
import type { CertificateFiles } from '../auth/certificate-files.js';
import { measureClientCall } from '../telemetry/calls.js';
import { channelOptions, type IdempotentMethod } from './channel-options.js';

/** Another service that this one calls. */
export interface Peer {
  /** The DNS name that its certificate must have. */
  readonly name: string;
  /** host:port, or a gRPC target, of its internal port. */
  readonly address: string;
  readonly idempotent: readonly IdempotentMethod[];
}

type ClientType<T extends Client> = new (...parameters: ConstructorParameters<typeof Client>) => T;

/** The clients of the services that this one calls. Injectable. */
export class Peers {
  readonly #clients: Client[] = [];

  /** @param certificates for mutual TLS; undefined for none */
  constructor(private readonly certificates: CertificateFiles | undefined) {}

  /** Creates the client of a peer, on one channel that is closed when the service stops. */
  connect<T extends Client>(Type: ClientType<T>, { name, address, idempotent }: Peer): T {
    const channelCredentials = this.certificates
      ? experimental.createCertificateProviderChannelCredentials(this.certificates, this.certificates)
      : credentials.createInsecure();
    const client = new Type(address, channelCredentials, {
      ...channelOptions(idempotent),
      interceptors: [measureClientCall],
      ...(this.certificates && { 'grpc.ssl_target_name_override': name }),
    });
    this.#clients.push(client);
    return client;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}

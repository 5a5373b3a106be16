import { NO_PROXY } from '@bookstore/sandbox';
import { Client, credentials, type MethodDefinition } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';

const { Check } = service as unknown as { Check: MethodDefinition<{ service: string }, { status: string }> };

/** What a service says of its health by this name, such as SERVING; the error's text when it says nothing. */
export class HealthClient {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure(), {
      ...NO_PROXY,
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  check(name: string): Promise<string> {
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        Check.path,
        Check.requestSerialize,
        Check.responseDeserialize,
        { service: name },
        { deadline: Date.now() + 3000 },
        (error, response) => resolve(error ? error.message : (response?.status ?? '')),
      );
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

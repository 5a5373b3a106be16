import { Metadata, status } from '@grpc/grpc-js';
import { bearerToken, peerIdentity } from '../auth/credentials.js';
import type { TokenVerifier } from '../auth/token-verifier.js';
import type { IncomingCall } from '../call/incoming-call.js';
import { unavailable } from '../database/database-errors.js';
import { CallsInFlight } from '../limits/calls-in-flight.js';
import { callerNetwork, RateLimiter } from '../limits/rate-limiter.js';
import type { CallPolicy } from '../server/call.interceptor.js';
import type { Readiness } from '../server/readiness.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { invalidFields } from '../validation/parse.js';

/** The most request metadata, bytes. */
export const MAX_METADATA_BYTES = 16_384;

const isHealth = (method: string) => method.startsWith('/grpc.health.v1.Health/');
/** Health and reflection have streams, which stay open as long as a client likes. */
const isStream = (method: string) =>
  method.startsWith('/grpc.reflection.') || method === '/grpc.health.v1.Health/Watch';

type Ended = CallPolicy['ended'];

/** What both ports ask of a call: size, a migrated database, and room. */
abstract class PortPolicy implements CallPolicy {
  readonly #calls: CallsInFlight;
  readonly #streams: CallsInFlight;
  readonly #openStreams = new Set<IncomingCall>();

  constructor(
    settings: KitSettings,
    private readonly readiness: Readiness,
    readonly ended: Ended,
  ) {
    this.#calls = new CallsInFlight(settings.MAX_CALLS_IN_FLIGHT);
    this.#streams = new CallsInFlight(settings.MAX_CALLS_IN_FLIGHT);
  }

  abstract admit(call: IncomingCall): void | Promise<void>;

  begin(call: IncomingCall): void {
    if (!isHealth(call.method) && !isStream(call.method)) this.#calls.begin(call);
  }

  /** The last step of admission, after identity and rate. */
  protected pass(call: IncomingCall): void {
    limitMetadata(call.metadata);
    if (isStream(call.method)) {
      this.#streams.begin(call);
      this.#openStreams.add(call);
      call.onEnd(() => this.#openStreams.delete(call));
    } else if (!isHealth(call.method) && !this.readiness.migrated) throw unavailable(new Error('not migrated yet'));
  }

  /** Ends the streams of health and reflection, which no client would end by itself. */
  endStreams(): void {
    for (const { connection } of this.#openStreams) {
      const details = 'the server is shutting down';
      connection.sendStatus({ code: status.UNAVAILABLE, details, metadata: new Metadata() });
    }
  }
}

/** The public port: a token where AUTH=jwt, and a rate for each caller. Health is exempt. */
export class PublicPolicy extends PortPolicy {
  /** Two limits of the same size: callers without proof use up no calls of those with a token. */
  readonly #byIdentity: RateLimiter | undefined;
  readonly #byAddress: RateLimiter | undefined;

  /** @param verifier undefined where AUTH is off */
  constructor(
    settings: KitSettings,
    readiness: Readiness,
    ended: Ended,
    private readonly verifier: TokenVerifier | undefined,
  ) {
    super(settings, readiness, ended);
    const { RATE_LIMIT_PER_SECOND: rate, RATE_LIMIT_BURST: burst } = settings;
    if (rate > 0) {
      this.#byIdentity = new RateLimiter(rate, burst);
      this.#byAddress = new RateLimiter(rate, burst);
    }
  }

  admit(call: IncomingCall): void | Promise<void> {
    if (!isHealth(call.method) && (this.verifier || this.#byIdentity)) return this.#identify(call, this.verifier);
    this.pass(call);
  }

  async #identify(call: IncomingCall, verifier: TokenVerifier | undefined): Promise<void> {
    const network = callerNetwork(call.address);
    if (verifier) {
      call.identity = await this.#verify(call, verifier, network);
      await this.#byIdentity?.take(call.identity.name);
    } else await this.#byAddress?.take(network);
    this.pass(call);
  }

  async #verify({ metadata }: IncomingCall, verifier: TokenVerifier, network: string) {
    let token: string;
    try {
      token = bearerToken(metadata);
    } catch (error) {
      await this.#byAddress?.take(`${network} without a token`);
      throw error;
    }
    const key = verifier.keyOf(token);
    const known = verifier.known(key);
    if (known) return known;
    // Calls that start with the same new token share one verification, and count as one.
    await this.#byAddress?.take(network);
    return verifier.known(key) ?? verifier.verify(token, key);
  }
}

/** The internal port: peers by their certificates, without a rate. */
export class InternalPolicy extends PortPolicy {
  /** @param peerNames the peers that may call; undefined where there are no certificates */
  constructor(
    settings: KitSettings,
    readiness: Readiness,
    ended: Ended,
    private readonly peerNames: readonly string[] | undefined,
  ) {
    super(settings, readiness, ended);
  }

  admit(call: IncomingCall): void {
    if (this.peerNames) call.identity = peerIdentity(call, this.peerNames);
    this.pass(call);
  }
}

/** grpc-js's and Node's limits on metadata would end the whole connection, or do nothing. */
function limitMetadata(metadata: Metadata): void {
  let bytes = 0;
  for (const [key, values] of Object.entries(metadata.toJSON())) {
    for (const value of values) bytes += key.length + value.length;
  }
  if (bytes > MAX_METADATA_BYTES) {
    throw invalidFields([{ field: 'metadata', description: `must be at most ${MAX_METADATA_BYTES} bytes` }]);
  }
}

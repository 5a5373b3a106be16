import { spawnSync } from 'node:child_process';
import { RunningProgram } from './process/running-program.js';

/** npm does not install it. */
export const isGrpcuiInstalled = !spawnSync('grpcui', ['-version']).error;

/** grpcui for one service, on a free port. */
export class Grpcui implements AsyncDisposable {
  private constructor(
    private readonly program: RunningProgram,
    private readonly url: string,
  ) {}

  /** @param address host:port of a service that takes plaintext */
  static async start(address: string): Promise<Grpcui> {
    const program = new RunningProgram(['grpcui', '-plaintext', '-open-browser=false', address]);
    await program.prints('available at');
    const [, url = ''] = /available at (\S+)/.exec(program.stdout) ?? [];
    return new Grpcui(program, url);
  }

  /** The HTML. */
  async page(): Promise<string> {
    return (await fetch(this.url)).text();
  }

  /**
   * The form of a method, as JSON.
   *
   * @param method full name with a dot before the method
   */
  async form(method: string): Promise<string> {
    return (await fetch(`${this.url}metadata?method=${method}`)).text();
  }

  /** Calls a method as the page does: with its cookie against forged requests, which goes back as a header, too. */
  async invoke(method: string, request: object): Promise<{ responses: { message: Record<string, unknown> }[] }> {
    const [cookie = ''] = (await fetch(this.url)).headers.getSetCookie();
    const [pair = ''] = cookie.split(';');
    const response = await fetch(`${this.url}invoke/${method}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        cookie: pair,
        'x-grpcui-csrf-token': pair.slice(pair.indexOf('=') + 1),
      },
      body: JSON.stringify({ timeout_seconds: 10, metadata: [], data: [request] }),
    });
    return JSON.parse(await response.text());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.program[Symbol.asyncDispose]();
  }
}

import { portFrom, requireFreePort } from '../bookstore/ports.js';

/**
 * Where on this machine the pages go.
 *
 * @throws SandboxError that says which variable moves a port that cannot be had
 */
export async function choosePorts(): Promise<{ readonly author: number; readonly book: number }> {
  return { author: await choose('AUTHOR_GRPCUI_PORT', 8081), book: await choose('BOOK_GRPCUI_PORT', 8082) };
}

const choose = (variable: string, fallback: number) => requireFreePort(portFrom(variable, fallback), variable);

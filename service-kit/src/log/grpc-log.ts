import { setLogger } from '@grpc/grpc-js';
import type { Logger } from './logger.js';

/**
 * grpc-js's own lines through pino. It would write them as they are, and some hold what a caller sent: of a header
 * that it cannot take no more than the name is kept.
 */
export function logGrpcThrough(logger: Logger): void {
  const line = (level: 'debug' | 'warn') => (message: unknown) => {
    const [text = '', header] = /^(Failed to add metadata entry [\w.-]+)?/.exec(String(message)) ?? [];
    if (header !== undefined) logger.debug({ library: 'grpc-js' }, text);
    else logger[level]({ library: 'grpc-js' }, String(message));
  };
  setLogger({ error: line('warn'), info: line('debug'), debug: line('debug') });
}

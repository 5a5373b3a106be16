import { startOwnBookstore } from '../client/own-bookstore.js';
import type { StartedTarget } from './target.js';

/** Both services as processes of this machine, on an embedded PostgreSQL. */
export async function startEmbedded(): Promise<StartedTarget> {
  const { authorAddress, bookAddress, stop } = await startOwnBookstore({ env: { LOG_LEVEL: 'warn' } });
  return { name: 'embedded', authorAddress, bookAddress, stop };
}

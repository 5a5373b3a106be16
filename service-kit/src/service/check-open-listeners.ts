import { BlockList, isIP } from 'node:net';
import type { Logger } from '../log/logger.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { SettingsError } from '../settings/setting.js';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether nobody beyond this machine can reach the address. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const version = isIP(host);
  return version !== 0 && loopback.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Without authentication a service may be reached from its own machine alone, unless somebody says otherwise on purpose.
 *
 * @throws SettingsError for AUTH=off beyond loopback
 */
export function checkOpenListeners(settings: KitSettings, logger: Logger): void {
  if (settings.AUTH !== 'off') return;
  if (!isLoopback(settings.LISTEN_HOST) && settings.AUTH_OFF_BEYOND_LOOPBACK !== 'yes') {
    throw new SettingsError([
      'AUTH=off needs a LISTEN_HOST on loopback, or AUTH_OFF_BEYOND_LOOPBACK=yes where something else keeps others out',
    ]);
  }
  logger.warn('AUTH=off: anybody who reaches the port may call');
}

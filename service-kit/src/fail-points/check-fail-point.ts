import type { Logger } from '../log/logger.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { SettingsError } from '../settings/setting.js';
import { armFailPoints } from './fail-point.js';

/**
 * Arms what FAIL_POINT says.
 *
 * @throws SettingsError in production, where no setting may end the process
 */
export function checkFailPoint({ FAIL_POINT }: KitSettings, env: NodeJS.ProcessEnv, logger: Logger): void {
  if (FAIL_POINT !== undefined && env.NODE_ENV !== 'test') {
    throw new SettingsError(['FAIL_POINT is for tests alone: it needs NODE_ENV=test']);
  }
  armFailPoints(FAIL_POINT);
  if (FAIL_POINT !== undefined) logger.warn(`FAIL_POINT=${FAIL_POINT}: this process will end there without clean-up`);
}

export { kitSettings } from './kit-settings.js';
export {
  integer,
  readSettings,
  type Setting,
  type Settings,
  SettingsError,
  type SettingTable,
  setting,
  text,
} from './setting.js';

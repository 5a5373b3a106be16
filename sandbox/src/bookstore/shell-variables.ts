import { kitSettings, type SettingsSchema } from '@bookstore/service-kit/settings';
import { z } from 'zod';

/**
 * The shell's variables for a service, without those that say where it listens, which callers it admits and what it
 * connects to: they may be meant for another project. These are what is decided here, and the kit's settings without a
 * default.
 */
export function shellVariables(decided: NodeJS.ProcessEnv, shell = process.env): NodeJS.ProcessEnv {
  const kit: SettingsSchema['shape'] = kitSettings.shape;
  const connections = Object.keys(kit).filter((name) => !(kit[name] instanceof z.ZodDefault));
  const names = ['LISTEN_HOST', ...connections, ...Object.keys(decided)];
  const leftOut = new Set(names.flatMap((name) => [name, `${name}_FILE`]));
  return Object.fromEntries(Object.entries(shell).filter(([name]) => !leftOut.has(name)));
}

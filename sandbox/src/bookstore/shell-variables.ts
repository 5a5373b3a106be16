import { kitSettings, type SettingsSchema } from '@bookstore/service-kit/settings';
import { z } from 'zod';

type Environment = Readonly<Record<string, string>>;

/** For any program of this machine, and for Node, OpenTelemetry, gRPC and VS Code's debugger. */
const FOR_ANY_PROGRAM = new RegExp(
  `^(${[
    ...['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SYSTEMROOT', 'LD_.+', 'DYLD_.+', 'TZ', 'LANG', 'LC_.+'],
    ...['TERM', 'COLORTERM', 'NO_COLOR', 'FORCE_COLOR', 'DEBUG', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
    ...['NODE_.+', 'OTEL_.+', 'GRPC_.+', 'VSCODE_.+', '(HTTPS?|ALL|NO)_PROXY'],
  ].join('|')})$`,
  'i',
);

/** The shell's variables that each service gets. Others may belong to another project. */
export const variablesForAnyProgram = (shell = process.env): Environment =>
  pick(shell, (name) => FOR_ANY_PROGRAM.test(name));

/**
 * The shell's settings for a service: limits, times, the log. The sandbox itself sets its connections: these are the
 * settings of the kit that have no default.
 *
 * @param decided other settings that the shell does not change
 */
export async function settingsForService(
  service: string,
  decided: Environment,
  shell = process.env,
): Promise<Environment> {
  const schemas: Record<string, SettingsSchema> = await import(`@bookstore/${service}/settings`);
  const kit: SettingsSchema['shape'] = kitSettings.shape;
  const names = Object.values(schemas)
    .flatMap(({ shape }) => Object.keys(shape))
    .filter((name) => name !== 'LISTEN_HOST' && !(name in decided))
    .filter((name) => !(name in kit) || kit[name] instanceof z.ZodDefault);
  const passed = new Set(names.flatMap((name) => [name, `${name}_FILE`]));
  return pick(shell, (name) => passed.has(name));
}

function pick(shell: NodeJS.ProcessEnv, isPassed: (name: string) => boolean): Environment {
  return Object.fromEntries(
    Object.entries(shell).flatMap(([name, value]) => (value !== undefined && isPassed(name) ? [[name, value]] : [])),
  );
}

import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { root } from '../../scripts/services.mjs';

const run = promisify(execFile);

/** Loads a config as vitest does, and prints what is left for tests. */
const LOAD = `
  import { loadConfigFromFile } from 'vite';
  await loadConfigFromFile({ command: 'serve', mode: 'test' }, process.argv[1]);
  console.log('\\n' + JSON.stringify(process.env));
`;
const OF_THE_SHELL = {
  ...{
    FORCE_COLOR: '1',
    NO_COLOR: '1',
    LOG_LEVEL: 'warn',
    DEBUG: '*',
    NODE_DEBUG: 'net',
    TZ: 'Asia/Tokyo',
    LANG: 'tr_TR',
  },
  ...{ http_proxy: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9', grpc_proxy: 'http://127.0.0.1:9' },
  ...{ DATABASE_URL: 'postgresql://nobody@192.0.2.1/none', DATABASE_PASSWORD_FILE: '/nowhere', AUTH: 'jwt' },
  ...{ PGSSLMODE: 'require', PGOPTIONS: '-c search_path=elsewhere', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
  ...{ AUTHOR_PORT: '1', SANDBOX_DIR: '/nowhere', COMPOSE_FILE: 'none.yaml', GIT_DIR: '/nowhere', GRPC_TRACE: 'all' },
};

test('no test inherits a variable of the shell that changes its result', async () => {
  const { stdout: files } = await run('git', ['ls-files', '*vitest.config.ts'], { cwd: root });
  const configs = files.trim().split('\n');
  expect(configs).toContain('vitest.config.ts');
  for (const config of configs) {
    const env = { ...process.env, ...OF_THE_SHELL, NODE_ENV: 'production', E2E_TARGET: '' };
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', LOAD, path.join(root, config)], {
      cwd: root,
      env,
    });
    const left = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(
      Object.keys(OF_THE_SHELL).filter((name) => name in left),
      config,
    ).toEqual([]);
    expect(left, config).toMatchObject({ NODE_ENV: 'test', E2E_TARGET: '', PATH: process.env.PATH });
  }
});

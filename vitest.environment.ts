/** What tests get of the shell's variables: for programs, certificates, Docker, npm and a cluster, and to choose tests. */
const PASSED = new RegExp(
  `^(${[
    ...['PATH', 'HOME', 'USER', 'SHELL', 'TERM', 'TMPDIR', 'XDG_.+', 'LD_.+', 'DYLD_.+', 'NIX_.+'],
    ...['PATHEXT', 'SYSTEM.+', 'WINDIR', 'COMSPEC', 'USERPROFILE', '.*APPDATA', 'PROGRAM.+', 'TEMP', 'TMP'],
    ...['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'NODE_V8_COVERAGE', 'SSL_CERT_.+', 'NPM_CONFIG_.+', 'VSCODE_.+'],
    ...['DOCKER_.+', 'BUILD(X|KIT)_.+', 'TESTCONTAINERS_.+', 'KUBECONFIG', 'IMAGE_(PREFIX|TAG)'],
    ...['CI', 'GITHUB_.+', 'RUNNER_.+', 'TEST', 'VITEST.*', 'E2E_.+'],
  ].join('|')})$`,
  'i',
);

/**
 * Takes the shell's other variables from this process, and so from the tests and the programs that they start. `LOG_LEVEL`,
 * `FORCE_COLOR` or `http_proxy` would change what a test sees.
 */
export function forgetShellVariables(): void {
  for (const name of Object.keys(process.env)) if (!PASSED.test(name)) delete process.env[name];
  process.env.NODE_ENV = 'test';
}

/** libpq, Prisma and pg differ in what they take, and pg ignores what it does not know. */
const PARAMETERS = ['host', 'port', 'user', 'password', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'schema'];
const SSL_MODES = ['disable', 'no-verify', 'require', 'verify-ca', 'verify-full'];

/** What is wrong with the URL of a database, without its values; undefined for one that is supported. */
export function postgresUrlProblem(value: string): string | undefined {
  if (!/^postgres(ql)?:\/\//.test(value) || !URL.canParse(value)) {
    return 'must be a postgresql:// URL with a host; a Unix socket is postgresql://USER@localhost/DATABASE?host=/FOLDER';
  }
  const { hostname, searchParams } = new URL(value);
  if (hostname.includes(',')) return 'must name one host';
  if ([...searchParams.keys()].some((name) => !PARAMETERS.includes(name))) {
    return `may have no parameters but ${PARAMETERS.join(', ')}`;
  }
  const { schema = 'public', sslmode = 'disable' } = Object.fromEntries(searchParams);
  if (schema !== 'public') return 'may have no schema but public';
  if (!SSL_MODES.includes(sslmode)) return `may have no sslmode but ${SSL_MODES.join(', ')}`;
  return undefined;
}

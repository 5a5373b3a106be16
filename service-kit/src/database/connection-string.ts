/** DATABASE_URL with DATABASE_PASSWORD in place of its own. As a parameter it also fits the URL of a Unix socket. */
export function connectionString(settings: { DATABASE_URL: string; DATABASE_PASSWORD: string | undefined }): string {
  const url = new URL(settings.DATABASE_URL);
  if (settings.DATABASE_PASSWORD !== undefined) url.searchParams.set('password', settings.DATABASE_PASSWORD);
  // pg takes them for verify-full, and warns that this will change.
  const { sslmode } = Object.fromEntries(url.searchParams);
  if (sslmode === 'require' || sslmode === 'verify-ca') url.searchParams.set('sslmode', 'verify-full');
  return url.href;
}

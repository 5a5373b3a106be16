import { areUsable, caFile, serviceFile, signingKeyFile, writeCredential } from './credential-files.js';

const VALID_DAYS = 90;
const PUBLIC = 0o644;
const SECRET = 0o600;

/**
 * Makes a certificate authority, certificates and a token key, unless there are some that stay valid for a while. Each
 * service has a folder with what it may read; beside them are the certificate that clients trust and the key that signs
 * tokens.
 *
 * @returns whether anything had to be made
 */
export async function makeCredentials(folder: string, services: readonly string[]): Promise<boolean> {
  if (areUsable(folder, services)) return false;
  // 400 files, which most starts do not need.
  const { CertificateAuthority } = await import('./certificate-authority.js');
  const { TokenKey } = await import('./token-key.js');
  const authority = await CertificateAuthority.create(VALID_DAYS);
  const tokenKey = await TokenKey.create();
  for (const service of services) {
    const file = (name: string) => serviceFile(folder, service, name);
    const certificates = {
      tls: { dnsNames: [service, 'localhost'], addresses: ['127.0.0.1', '::1'], usages: ['server'] },
      // The peer's name and no other: whoever holds it is that service.
      internal: { dnsNames: [service], usages: ['server', 'client'] },
    } as const;
    for (const [name, holder] of Object.entries(certificates)) {
      const { certificate, privateKey } = await authority.issue(holder);
      writeCredential(file(`${name}.key`), privateKey, SECRET);
      writeCredential(file(`${name}.crt`), certificate, PUBLIC);
    }
    writeCredential(file('ca.crt'), authority.certificate, PUBLIC);
    writeCredential(file('jwks.json'), `${JSON.stringify({ keys: [tokenKey.publicJwk] }, null, 2)}\n`, PUBLIC);
  }
  writeCredential(signingKeyFile(folder), JSON.stringify(tokenKey.jwk), SECRET);
  writeCredential(caFile(folder), authority.certificate, PUBLIC);
  return true;
}

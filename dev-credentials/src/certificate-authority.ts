// The certificate library's container of parsers wants it, loaded first.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;
/** Clocks of containers and their hosts differ. */
const BACKDATED_MS = 300_000;

/** A certificate and its private key, PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly privateKey: string;
}

/** What a certificate says of its holder. */
export interface Holder {
  readonly dnsNames: readonly string[];
  readonly addresses?: readonly string[];
  /** Servers prove themselves with it, clients, or both. */
  readonly usages: ReadonlyArray<'server' | 'client'>;
  /** From when, ms since the epoch; a few minutes ago unless said. */
  readonly notBefore?: number;
  /** Until when, ms since the epoch; as long as the authority's own unless said. */
  readonly notAfter?: number;
}

/**
 * A certificate authority for one machine's sandbox. Its private key lives in memory alone: nobody can issue a further
 * certificate once it is gone.
 */
export class CertificateAuthority {
  private constructor(
    private readonly own: x509.X509Certificate,
    private readonly keys: webcrypto.CryptoKeyPair,
  ) {}

  static async create(days: number, commonName = 'Bookstore development CA'): Promise<CertificateAuthority> {
    const keys = await newKeys();
    const own = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serialNumber(),
      name: [{ CN: [commonName] }],
      notBefore: new Date(Date.now() - BACKDATED_MS),
      notAfter: new Date(Date.now() + days * DAY_MS),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new CertificateAuthority(own, keys);
  }

  /** PEM. */
  get certificate(): string {
    return `${this.own.toString('pem')}\n`;
  }

  async issue({ dnsNames, addresses = [], usages, notBefore, notAfter }: Holder): Promise<KeyPair> {
    const keys = await newKeys();
    const purposes = { server: x509.ExtendedKeyUsage.serverAuth, client: x509.ExtendedKeyUsage.clientAuth };
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: [{ CN: [dnsNames[0] ?? 'unnamed'] }],
      issuer: this.own.subjectName,
      notBefore: new Date(notBefore ?? Date.now() - BACKDATED_MS),
      notAfter: new Date(notAfter ?? this.own.notAfter),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: this.keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(usages.map((usage) => purposes[usage])),
        new x509.SubjectAlternativeNameExtension([
          ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
          ...addresses.map((value) => ({ type: 'ip' as const, value })),
        ]),
        await x509.AuthorityKeyIdentifierExtension.create(this.keys.publicKey),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
    return {
      certificate: `${certificate.toString('pem')}\n`,
      privateKey: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`,
    };
  }
}

const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

/** Positive, and with enough chance in it (CA/Browser Forum, 7.1: at least 64 bits). */
const serialNumber = () => `01${randomBytes(15).toString('hex')}`;

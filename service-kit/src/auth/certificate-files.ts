import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { experimental, type ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from '../log/logger.js';
import { type KitSettings, SettingsError } from '../settings/kit-settings.js';
import { watchFiles } from './watch-files.js';

/** PEM files. Without `caFile` the other side needs no certificate. */
type Files = Readonly<{ certFile: string; keyFile: string; caFile?: string }>;

type Provider = experimental.CertificateProvider;
type IdentityListener = Parameters<Provider['addIdentityCertificateListener']>[0];
type CaListener = Parameters<Provider['addCaCertificateListener']>[0];

/**
 * Certificates from files, read again when they change. grpc-js's own FileWatcherCertificateProvider publishes a new
 * certificate with the old key while files are replaced, and then refuses every connection. This one publishes files
 * only once they fit together.
 */
export class CertificateFiles implements Provider {
  /** Ends the watch. */
  readonly close: () => void;
  readonly #identityListeners = new Set<IdentityListener>();
  readonly #caListeners = new Set<CaListener>();
  #current: ReturnType<typeof read>;

  /** @throws SettingsError when the files cannot be used */
  constructor(files: Files, logger: Logger) {
    this.#current = read(files);
    const readAgain = () => {
      this.#current = read(files);
      for (const listener of this.#caListeners) listener(this.#current.ca);
      for (const listener of this.#identityListeners) listener(this.#current.identity);
    };
    this.close = watchFiles(Object.values<string>({ ...files }), readAgain, logger);
  }

  /** For a port. With a certificate authority its clients need a certificate, too. */
  serverCredentials(): ServerCredentials {
    const peers = this.#current.ca && this;
    return experimental.createCertificateProviderServerCredentials(this, peers, peers !== null);
  }

  // grpc-js is ready for the first certificates only after it has added its listener.
  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.add(listener);
    process.nextTick(() => listener(this.#current.identity));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.delete(listener);
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#caListeners.add(listener);
    process.nextTick(() => listener(this.#current.ca));
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#caListeners.delete(listener);
  }
}

/** @throws SettingsError when a file is missing, or when they do not fit together */
function read({ certFile, keyFile, caFile }: Files) {
  try {
    const identity = { certificate: readFileSync(certFile), privateKey: readFileSync(keyFile) };
    const ca = caFile === undefined ? null : { caCertificate: readFileSync(caFile) };
    createSecureContext({ cert: identity.certificate, key: identity.privateKey, ca: ca?.caCertificate });
    // A secure context takes an authority without any certificate.
    if (ca) new X509Certificate(ca.caCertificate);
    return { identity, ca };
  } catch (error) {
    // The code of OpenSSL or of the file system, which repeats nothing of the files.
    const problem = (error as NodeJS.ErrnoException).code ?? 'not PEM';
    const names = [certFile, keyFile, caFile].filter(Boolean).join(', ');
    throw new SettingsError([`the files ${names} cannot be used (${problem})`]);
  }
}

/** The certificate of the public port; undefined without the settings. */
export function publicCertificates(settings: KitSettings, logger: Logger): CertificateFiles | undefined {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile } = settings;
  return certFile && keyFile ? new CertificateFiles({ certFile, keyFile }, logger) : undefined;
}

/** The certificate for calls between services and their certificate authority; undefined without the settings. */
export function internalCertificates(settings: KitSettings, logger: Logger): CertificateFiles | undefined {
  const { INTERNAL_TLS_CERT_FILE: certFile, INTERNAL_TLS_KEY_FILE: keyFile, INTERNAL_TLS_CA_FILE: caFile } = settings;
  return certFile && keyFile && caFile ? new CertificateFiles({ certFile, keyFile, caFile }, logger) : undefined;
}

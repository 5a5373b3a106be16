import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { experimental } from '@grpc/grpc-js';
import type { Logger } from '../log/logger.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { SettingsError } from '../settings/setting.js';
import { watchFiles } from './watch-files.js';

/** PEM files. */
interface Files {
  readonly certFile: string;
  readonly keyFile: string;
  /** The certificate authority of the other side; it is not asked for a certificate when absent. */
  readonly caFile?: string;
}

type Provider = experimental.CertificateProvider;
type IdentityListener = Parameters<Provider['addIdentityCertificateListener']>[0];
type CaListener = Parameters<Provider['addCaCertificateListener']>[0];

/**
 * Certificates from files, read again when they change. grpc-js has a provider of its own, which publishes a certificate with
 * another one's key while files are being replaced, and then refuses every connection. This one publishes files only once
 * they belong together, and keeps the old ones until then.
 */
export class CertificateFiles implements Provider {
  readonly close: () => void;
  readonly #identityListeners = new Set<IdentityListener>();
  readonly #caListeners = new Set<CaListener>();
  #current: ReturnType<typeof read>;

  /** @throws SettingsError when the files cannot be used at the start */
  constructor(
    private readonly files: Files,
    private readonly logger: Logger,
  ) {
    const names = Object.values(files).filter((file): file is string => file !== undefined);
    try {
      this.#current = read(files);
    } catch (error) {
      throw new SettingsError([`the files ${names.join(', ')} cannot be used (${problemOf(error)})`]);
    }
    this.close = watchFiles(names, () => this.#reload());
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.add(listener);
    // grpc-js is ready for it only after this call.
    process.nextTick(() => listener(this.#current));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.delete(listener);
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#caListeners.add(listener);
    process.nextTick(() => this.#publishCa(listener));
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#caListeners.delete(listener);
  }

  #reload(): void {
    try {
      this.#current = read(this.files);
    } catch (error) {
      this.logger.warn({ problem: problemOf(error) }, 'the new certificates cannot be used; the old ones stay');
      return;
    }
    for (const listener of this.#caListeners) this.#publishCa(listener);
    for (const listener of this.#identityListeners) listener(this.#current);
    this.logger.info({ file: this.files.certFile }, 'the certificates have been read again');
  }

  #publishCa(listener: CaListener): void {
    const { caCertificate } = this.#current;
    listener(caCertificate ? { caCertificate } : null);
  }
}

/** @throws Error when a file is missing, or they do not belong together */
function read({ certFile, keyFile, caFile }: Files) {
  const certificates = {
    certificate: readFileSync(certFile),
    privateKey: readFileSync(keyFile),
    caCertificate: caFile === undefined ? undefined : readFileSync(caFile),
  };
  const { certificate: cert, privateKey: key, caCertificate: ca } = certificates;
  createSecureContext({ cert, key, ca });
  return certificates;
}

/** The codes of OpenSSL and of the file system, which repeat nothing of the files. */
const problemOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'not PEM';

/** The certificate of the public port; undefined without the settings. */
export function publicCertificates(settings: KitSettings, logger: Logger): CertificateFiles | undefined {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile } = settings;
  return certFile && keyFile ? new CertificateFiles({ certFile, keyFile }, logger) : undefined;
}

/** The certificate towards peers, as server and as client, and their authority; undefined without the settings. */
export function internalCertificates(settings: KitSettings, logger: Logger): CertificateFiles | undefined {
  const { INTERNAL_TLS_CERT_FILE: certFile, INTERNAL_TLS_KEY_FILE: keyFile, INTERNAL_TLS_CA_FILE: caFile } = settings;
  return certFile && keyFile && caFile ? new CertificateFiles({ certFile, keyFile, caFile }, logger) : undefined;
}

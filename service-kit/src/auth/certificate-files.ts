import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { experimental } from '@grpc/grpc-js';
import type { Logger } from '../log/logger.js';
import { SettingsError } from '../settings/setting.js';
import { watchFiles } from './watch-files.js';

/** Settings that name PEM files. */
export interface CertificateFileNames {
  readonly certFile: string;
  readonly keyFile: string;
  /** Whom to trust; nobody is asked for a certificate when absent. */
  readonly caFile?: string | undefined;
}

interface Certificates {
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
  readonly caCertificate?: Buffer | undefined;
}

type IdentityListener = Parameters<experimental.CertificateProvider['addIdentityCertificateListener']>[0];
type CaListener = Parameters<experimental.CertificateProvider['addCaCertificateListener']>[0];

/**
 * Certificates from files, for as long as the process runs: new ones are taken for new connections as soon as the files
 * fit together. Until then, and when they never do, the old ones stay. (grpc-js has a provider of its own, which takes
 * a certificate with another one's key, as there is for a moment while files are being replaced, and refuses everybody.)
 */
export class CertificateFiles implements experimental.CertificateProvider {
  readonly #identityListeners = new Set<IdentityListener>();
  readonly #caListeners = new Set<CaListener>();
  #current: Certificates;
  readonly close: () => void;

  /** @throws SettingsError when the files cannot be used at the start */
  constructor(
    private readonly files: CertificateFileNames,
    intervalMs: number,
    private readonly logger: Logger,
  ) {
    const names = Object.values(files).filter((file): file is string => file !== undefined);
    try {
      this.#current = read(files);
    } catch (error) {
      throw new SettingsError([`the files ${names.join(', ')} cannot be used (${problemOf(error)})`]);
    }
    this.close = watchFiles(names, intervalMs, () => this.#reload());
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.add(listener);
    // Later, as grpc-js expects: it begins to listen to itself only after this.
    process.nextTick(() => listener(this.#current));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.delete(listener);
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#caListeners.add(listener);
    process.nextTick(() => this.#tellCa(listener));
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
    for (const listener of this.#caListeners) this.#tellCa(listener);
    for (const listener of this.#identityListeners) listener(this.#current);
    this.logger.info({ file: this.files.certFile }, 'the certificates have been read again');
  }

  #tellCa(listener: CaListener): void {
    const { caCertificate } = this.#current;
    listener(caCertificate ? { caCertificate } : null);
  }
}

/** @throws Error when a file is missing, or they do not belong together */
function read({ certFile, keyFile, caFile }: CertificateFileNames): Certificates {
  const certificates = {
    certificate: readFileSync(certFile),
    privateKey: readFileSync(keyFile),
    caCertificate: caFile === undefined ? undefined : readFileSync(caFile),
  };
  createSecureContext({
    cert: certificates.certificate,
    key: certificates.privateKey,
    ...(certificates.caCertificate && { ca: certificates.caCertificate }),
  });
  return certificates;
}

/** OpenSSL's and the file system's codes say what is wrong, and nothing of what is in the files. */
const problemOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'not PEM';

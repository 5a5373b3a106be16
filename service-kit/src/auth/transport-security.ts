import { experimental, ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from '../log/logger.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { CertificateFiles } from './certificate-files.js';

/** How the two ports are secured. */
export interface TransportSecurity {
  readonly publicPort: ServerCredentials;
  readonly internalPort: ServerCredentials;
  /** Whether whoever calls the internal port has shown a certificate. */
  readonly mutual: boolean;
  /** Ends the watch for new certificates. */
  close(): void;
}

/**
 * TLS where certificates are set; on the internal port both sides show one.
 *
 * @throws SettingsError when they cannot be used
 */
export function transportSecurity(settings: KitSettings, logger: Logger): TransportSecurity {
  const own = publicCertificates(settings, logger);
  const internal = internalCertificates(settings, logger);
  // What the server shows comes first, whom it trusts second: grpc-js's declaration names them the other way round.
  const { createCertificateProviderServerCredentials: serverCredentials } = experimental;
  return {
    publicPort: own ? serverCredentials(own, null, false) : ServerCredentials.createInsecure(),
    internalPort: internal ? serverCredentials(internal, internal, true) : ServerCredentials.createInsecure(),
    mutual: internal !== undefined,
    close: () => {
      own?.close();
      internal?.close();
    },
  };
}

function publicCertificates(settings: KitSettings, logger: Logger): CertificateFiles | undefined {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, RELOAD_INTERVAL_MS } = settings;
  return certFile && keyFile ? new CertificateFiles({ certFile, keyFile }, RELOAD_INTERVAL_MS, logger) : undefined;
}

/** What this service shows the other one, and whom it trusts; none without the settings. */
export function internalCertificates(settings: KitSettings, logger: Logger): CertificateFiles | undefined {
  const { INTERNAL_TLS_CERT_FILE: certFile, INTERNAL_TLS_KEY_FILE: keyFile, INTERNAL_TLS_CA_FILE: caFile } = settings;
  if (!certFile || !keyFile || !caFile) return undefined;
  return new CertificateFiles({ certFile, keyFile, caFile }, settings.RELOAD_INTERVAL_MS, logger);
}

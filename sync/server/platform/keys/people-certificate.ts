import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { Problem } from '../../../errors/problem.ts';
import type { KeyAndCertificate } from './certificates.ts';

/** How often the operator's files are read, ms. */
const EVERY_MS = 30_000;

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** The operator's certificate, reloaded when it is renewed. */
export interface OperatorCertificate {
  readonly now: KeyAndCertificate;
  /** Calls `listener` with each renewed certificate. */
  onChange(listener: (renewed: KeyAndCertificate) => void): void;
  close(): void;
}

/**
 * Reads certificate and key, and reloads them when the files change, because renewal only replaces the files. While only one
 * of the two is replaced, or something is wrong with them, the previous ones stay in use.
 *
 * @throws Problem `bad-people-certificate` if the first ones can't be used
 */
export function followCertificate(files: CertificateFiles, log: Logger, everyMs = EVERY_MS): OperatorCertificate {
  let held = operatorCertificate(files);
  let complained = false;
  const listeners: ((renewed: KeyAndCertificate) => void)[] = [];
  const timer = setInterval(() => {
    try {
      const found = operatorCertificate(files);
      complained = false;
      if (found.certPem === held.certPem && found.keyPem === held.keyPem) return;
      held = found;
      for (const listener of listeners) listener(found);
      log.info({ code: 'people-certificate-renewed' }, 'console and portal use the new certificate');
    } catch (err) {
      if (!complained)
        log.warn(
          { code: 'bad-people-certificate', err },
          'the new certificate can’t be used; the previous one stays in use',
        );
      complained = true;
    }
  }, everyMs).unref();
  return {
    get now() {
      return held;
    },
    onChange: (listener) => void listeners.push(listener),
    close: () => clearInterval(timer),
  };
}

function operatorCertificate({ certFile, keyFile }: CertificateFiles): KeyAndCertificate {
  const refuse = (why: string, cause?: unknown) => new Problem('bad-people-certificate', { reason: why, cause });
  let held: KeyAndCertificate;
  let belongs: boolean;
  try {
    held = { certPem: readFileSync(certFile, 'utf8'), keyPem: readFileSync(keyFile, 'utf8') };
    belongs = new X509Certificate(held.certPem).checkPrivateKey(createPrivateKey(held.keyPem));
  } catch (cause) {
    throw refuse('certificate or key can’t be read as PEM', cause);
  }
  if (!belongs) throw refuse('the key does not belong to the certificate');
  return held;
}

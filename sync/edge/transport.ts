import { MAX_ACK_BYTES } from '../protocol/wire/batch.ts';
import type { ServerBundle } from './bundle.ts';
import type { DeviceSecret } from './identity.ts';
import { HttpsTransport } from './transport/https.ts';

/** The engine's view until it speaks of exchanges alone. */
export interface Transport {
  /** Sends one sealed batch; the answer is a signed ack, still unverified. */
  send(sealed: string, signal: AbortSignal): Promise<string>;
  /** Asks how far the server has got with `epoch`; also tells the server that this kiosk lives. */
  marks(epoch: string, signal: AbortSignal): Promise<string>;
  close(): void;
}

export function httpsTransport(bundle: ServerBundle, secret: DeviceSecret): Transport {
  const https = new HttpsTransport({
    bundle,
    device: secret.device,
    keys: () => bundle.keys,
    credentials: () => ({ certPem: bundle.tlsCertPem, keyPem: secret.tlsKeyPem }),
    trustedNow: Date.now,
  });
  return {
    send: (sealed, signal) => https.exchange('batch', sealed, signal),
    marks: (epoch, signal) =>
      https.send('GET', `/v1/marks/${encodeURIComponent(epoch)}`, null, signal, 4 * MAX_ACK_BYTES),
    close: () => void https.close(),
  };
}

import type { ServerKeys } from '../../protocol/wire/keys.ts';
import type { ServerBundle } from '../../protocol/wire/provisioning.ts';

/**
 * Carries one sealed message up and its answer down. It sees only ciphertext, sizes and times, and nothing it delivers is
 * trusted: the engine verifies everything.
 */
export interface Transport {
  /**
   * Sends one sealed message and waits for its answer. One exchange at a time.
   *
   * @param kind what is sealed: a batch is answered by a signed ack, an ask by a sealed page
   * @param sealed compact JWE, ASCII
   * @param signal aborts the exchange
   * @param accept returns whether an answer is the expected one. A broker may deliver late, repeated or forged answers, which are
   * skipped until the right one arrives or time runs out. Not called over HTTPS, where an answer belongs to its request.
   * @returns the answer, unverified unless `accept` verified it
   * @throws Problem: the server's rejection with its own code, or a code of the transport (`server-unreachable`, `server-silent`,
   * `server-not-trusted`, `kiosk-certificate-refused`, `broker-…`, `proxy-…`, `exchange-aborted`)
   */
  exchange(
    kind: 'batch' | 'ask',
    sealed: string,
    signal: AbortSignal,
    accept?: (answer: string) => Promise<boolean>,
  ): Promise<string>;
  /** Called when the server signals that there is something to fetch. */
  onNudge: (() => void) | null;
  readonly name: 'https' | 'mqtt';
  close(): Promise<void>;
}

/** What every transport needs. Values that change while the kiosk runs are functions. */
export interface TransportOptions {
  readonly bundle: Pick<ServerBundle, 'serverId' | 'serverUrl' | 'mqttUrls'>;
  readonly device: string;
  readonly keys: () => ServerKeys;
  /** The kiosk's client certificate (with the chain above it) and its key, PEM. Read for each new connection. */
  readonly credentials: () => { readonly certPem: string; readonly keyPem: string };
  /** Trusted time, ms since 1970: a time that has certainly been reached. The system clock may be dead. */
  readonly trustedNow: () => number;
  /** http:// or https:// URL of a proxy that supports CONNECT, with its credentials. Never logged. */
  readonly proxy?: string | undefined;
}

import type { ServerKeys } from '../../protocol/wire/keys.ts';
import type { ServerBundle } from '../../protocol/wire/provisioning.ts';

/**
 * Carries one sealed message up and its answer down. It sees ciphertext, sizes and times; it is never trusted with more:
 * whatever it delivers is verified by the engine.
 */
export interface Transport {
  /**
   * Sends one sealed message and waits for its answer. One exchange at a time.
   *
   * @param kind what is sealed: a batch is answered by a signed ack, an ask by a sealed page
   * @param sealed compact JWE, ASCII
   * @param signal gives the exchange up
   * @param accept says whether an answer is the one waited for. A broker may deliver answers late, twice or forged: such
   *   ones are passed over until the right one comes or the time is up. Over HTTPS the answer belongs to its request, and
   *   `accept` is not asked.
   * @returns the answer, unverified unless `accept` verified it
   * @throws Problem: the server's rejection by its own code, or a code of the transport (`server-unreachable`,
   *   `server-silent`, `server-not-trusted`, `kiosk-certificate-refused`, `broker-…`, `proxy-…`, `exchange-aborted`)
   */
  exchange(
    kind: 'batch' | 'ask',
    sealed: string,
    signal: AbortSignal,
    accept?: (answer: string) => Promise<boolean>,
  ): Promise<string>;
  /** Called when the server says that there is something to ask for. */
  onNudge: (() => void) | null;
  readonly name: 'https' | 'mqtt';
  close(): Promise<void>;
}

/** What every transport needs. Functions, where the value changes while the kiosk runs. */
export interface TransportOptions {
  readonly bundle: Pick<ServerBundle, 'serverId' | 'serverUrl' | 'mqttUrls'>;
  readonly device: string;
  readonly keys: () => ServerKeys;
  /** The kiosk's client certificate (with the chain above it) and its key, PEM; read at each new connection. */
  readonly credentials: () => { readonly certPem: string; readonly keyPem: string };
  /** Trusted time, ms since 1970: a time that has certainly been reached. The system clock may be dead. */
  readonly trustedNow: () => number;
  /** http:// or https:// address of a proxy that takes CONNECT, with its credentials; never logged. */
  readonly proxy?: string | undefined;
}

import { Problem } from '../../errors/problem.ts';
import {
  BatchBody,
  BatchHeader,
  type Ed25519PrivateJwk,
  MAX_PLAIN_BYTES,
  MAX_SEALED_BYTES,
  PROTOCOL_VERSION,
  TYP,
  type X25519PublicJwk,
} from '../wire/batch.ts';
import type { WireEvent } from '../wire/event.ts';
import { type DeviceKeys, openFromDevice, type Sender } from './device.ts';
import { type Kind, malformed, signAndSeal } from './message.ts';

const BATCH: Kind<BatchHeader, BatchBody> = {
  noun: 'batch',
  typ: TYP.batch,
  header: BatchHeader,
  body: BatchBody,
  maxBytes: MAX_SEALED_BYTES,
  sealed: { typ: TYP.sealedBatch, maxPlain: MAX_PLAIN_BYTES },
  badSignature: 'bad-signature',
};

/**
 * Signs consecutive events of one epoch and seals them to the server: JWE(pad(JWS(body))). It is sealed again each time it is
 * sent, so the server's key can change while events wait.
 *
 * @param events 1 to MAX_BATCH_EVENTS events of one device and one epoch, with consecutive sequence numbers
 * @param keys `trusts`: thumbprints of the server's signing keys that the sender trusts, newest first
 * @param sentAt RFC 3339 with ms
 * @returns compact JWE, ASCII, at most MAX_SEALED_BYTES
 * @throws Problem `batch-too-large` (send fewer events), `batch-not-consecutive`
 */
export async function sealBatch(events: readonly WireEvent[], keys: BatchKeys, sentAt: string): Promise<string> {
  const first = events[0];
  if (!first || events.some((e, i) => e.header.seq !== first.header.seq + i || e.header.epoch !== first.header.epoch)) {
    throw new Problem('batch-not-consecutive');
  }
  const texts = events.map((event) => JSON.stringify(event));
  return sealTexts(first.header, texts, keys, sentAt);
}

export interface BatchKeys {
  readonly signing: Ed25519PrivateJwk;
  readonly server: X25519PublicJwk;
  readonly serverId: string;
  readonly trusts?: readonly string[];
}

/**
 * Does the same for events that are already JSON. They must be consecutive and of one epoch.
 *
 * @param first device, epoch and sequence number of the first event
 */
export function sealTexts(
  first: { readonly device: string; readonly epoch: string; readonly seq: number },
  texts: readonly string[],
  keys: BatchKeys,
  sentAt: string,
): Promise<string> {
  const header: BatchHeader = {
    alg: 'EdDSA',
    typ: TYP.batch,
    iss: first.device,
    aud: keys.serverId,
    epoch: first.epoch,
    first: first.seq,
    last: first.seq + texts.length - 1,
    spv: PROTOCOL_VERSION,
  };
  const rest = JSON.stringify({ sentAt, ...(keys.trusts && { trusts: keys.trusts }) });
  const body = bytesOf([`${rest.slice(0, -1)},"events":[`, ...separated(texts), ']}']);
  return signAndSeal(BATCH, header, body, keys.signing, keys.server);
}

function separated(texts: readonly string[]): string[] {
  return texts.flatMap((text, i) => (i === 0 ? [text] : [',', text]));
}

/** Returns the texts concatenated, as UTF-8. */
function bytesOf(texts: readonly string[]): Buffer {
  const bytes = Buffer.allocUnsafe(texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0));
  let at = 0;
  for (const text of texts) at += bytes.write(text, at, 'utf8');
  return bytes;
}

export interface OpenedBatch {
  readonly header: BatchHeader;
  readonly body: BatchBody;
}

/**
 * Opens and verifies a sealed batch. Nothing in it is trusted before its signature: the size is checked first, each header must
 * match its one schema, and we choose the key.
 *
 * @param sealed the message as received
 * @throws Problem with a code: `batch-too-large`, `batch-malformed`, `unknown-sealing-key`, `batch-undecryptable`, `bad-padding`,
 * `wrong-issuer`, `wrong-audience`, `unsupported-protocol`, `unknown-device`, `bad-signature`
 */
export async function openBatch(sealed: string, keys: DeviceKeys, expect: Sender): Promise<OpenedBatch> {
  const { header, body } = await openFromDevice(BATCH, sealed, keys, expect);
  if (body.events.length !== header.last - header.first + 1) throw malformed(BATCH);
  return { header, body };
}

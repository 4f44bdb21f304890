import { CompactEncrypt, CompactSign, compactDecrypt, compactVerify } from 'jose';
import {
  BatchBody,
  BatchHeader,
  type Ed25519PrivateJwk,
  type Ed25519PublicJwk,
  MAX_SEALED_BYTES,
  PROTOCOL_VERSION,
  SealedHeader,
  TYP,
  type X25519PrivateJwk,
  type X25519PublicJwk,
} from '../wire/batch.ts';
import type { WireEvent } from '../wire/event.ts';
import { Problem } from '../wire/problem.ts';
import { readCompact } from './compact.ts';
import { agreementKey, keyId, signatureKey } from './keys.ts';
import { pad, unpad } from './padding.ts';

/** Which key a device signs with; null when the device is unknown or may not send. */
export type DeviceKeyLookup = (device: string) => Promise<Ed25519PublicJwk | null>;
/** Which of the server's own private keys a `kid` names; null when none. */
export type SealingKeyLookup = (kid: string) => Promise<X25519PrivateJwk | null>;

/**
 * Signs consecutive events of one epoch and seals them to the server: JWE(pad(JWS(body))).
 * Sealed at each sending, so that the server's key can change while events wait.
 *
 * @param events 1 to MAX_BATCH_EVENTS events, one device, one epoch, sequence numbers without a hole
 * @param sentAt RFC 3339 with ms
 * @returns compact JWE, ASCII, at most MAX_SEALED_BYTES
 * @throws Problem `batch-too-large` (send fewer events), `batch-not-consecutive`
 */
export async function sealBatch(
  events: readonly WireEvent[],
  keys: { signing: Ed25519PrivateJwk; server: X25519PublicJwk; serverId: string },
  sentAt: string,
): Promise<string> {
  const first = events[0];
  if (!first || events.some((e, i) => e.header.seq !== first.header.seq + i || e.header.epoch !== first.header.epoch)) {
    throw new Problem(
      'batch-not-consecutive',
      'A batch must hold consecutive events of one epoch.',
      'Report this as a defect.',
    );
  }
  const header: BatchHeader = {
    alg: 'EdDSA',
    typ: TYP.batch,
    iss: first.header.device,
    aud: keys.serverId,
    epoch: first.header.epoch,
    first: first.header.seq,
    last: first.header.seq + events.length - 1,
    spv: PROTOCOL_VERSION,
  };
  const body: BatchBody = { sentAt, events: [...events] };
  const signed = await new CompactSign(new TextEncoder().encode(JSON.stringify(body)))
    .setProtectedHeader(header)
    .sign(await signatureKey(keys.signing));
  return new CompactEncrypt(pad(new TextEncoder().encode(signed)))
    .setProtectedHeader({
      alg: 'ECDH-ES',
      enc: 'A256GCM',
      typ: TYP.sealedBatch,
      cty: TYP.batch,
      kid: await keyId(keys.server),
    })
    .encrypt(await agreementKey(keys.server));
}

export interface OpenedBatch {
  readonly header: BatchHeader;
  readonly body: BatchBody;
}

/**
 * Opens and verifies a sealed batch. Nothing of it is trusted before its signature: the size is checked before anything
 * else, each header against the one shape allowed, the key is chosen by us.
 *
 * @param sealed what came over the wire
 * @param expect `serverId`: this server; `device`: who the transport's own authentication says is speaking
 * @throws Problem with a code: `batch-too-large`, `batch-malformed`, `unknown-sealing-key`, `batch-undecryptable`,
 *   `bad-padding`, `wrong-issuer`, `wrong-audience`, `unsupported-protocol`, `unknown-device`, `bad-signature`
 */
export async function openBatch(
  sealed: string,
  keys: { sealing: SealingKeyLookup; device: DeviceKeyLookup },
  expect: { serverId: string; device: string },
): Promise<OpenedBatch> {
  if (sealed.length > MAX_SEALED_BYTES) {
    throw new Problem(
      'batch-too-large',
      'The sealed batch is larger than this protocol allows.',
      'Send fewer events at once.',
    );
  }
  const outer = readCompact(sealed, { parts: 5, empty: [1], header: SealedHeader, code: 'batch-malformed' });
  const sealing = await keys.sealing(outer.header.kid);
  if (!sealing) {
    throw new Problem(
      'unknown-sealing-key',
      'The batch is sealed to a key that this server does not have.',
      'Provision the kiosk again, or restore the server key.',
    );
  }
  const signed = new TextDecoder().decode(unpad(await decrypt(sealed, sealing)));
  const { header } = readCompact(signed, { parts: 3, header: BatchHeader, code: 'batch-malformed' });
  if (header.iss !== expect.device) {
    throw new Problem(
      'wrong-issuer',
      'The batch names another device than the one that is connected.',
      'Provision the kiosk again; if it repeats, treat the kiosk as tampered with.',
    );
  }
  if (header.aud !== expect.serverId) {
    throw new Problem(
      'wrong-audience',
      'The batch is meant for another server.',
      'Provision the kiosk for this server.',
    );
  }
  if (header.spv !== PROTOCOL_VERSION) {
    throw new Problem(
      'unsupported-protocol',
      `Protocol version ${header.spv} is not understood here.`,
      'Update the server before the kiosks.',
    );
  }
  const device = await keys.device(header.iss);
  if (!device)
    throw new Problem(
      'unknown-device',
      'This device is not registered, or was revoked.',
      'Approve the device on the server.',
    );
  const payload = await verify(signed, device);
  return { header, body: readBody(payload, header) };
}

async function decrypt(sealed: string, key: X25519PrivateJwk): Promise<Uint8Array> {
  try {
    const { plaintext } = await compactDecrypt(sealed, await agreementKey(key), {
      keyManagementAlgorithms: ['ECDH-ES'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    return plaintext;
  } catch (cause) {
    throw new Problem(
      'batch-undecryptable',
      'The batch could not be decrypted.',
      'It was altered on its way, or sealed to another key.',
      { cause },
    );
  }
}

async function verify(signed: string, key: Ed25519PublicJwk): Promise<Uint8Array> {
  try {
    return (await compactVerify(signed, await signatureKey(key), { algorithms: ['EdDSA'] })).payload;
  } catch (cause) {
    throw new Problem(
      'bad-signature',
      'The signature of the batch does not verify.',
      'Provision the kiosk again; if it repeats, treat the kiosk as tampered with.',
      { cause },
    );
  }
}

function readBody(payload: Uint8Array, header: BatchHeader): BatchBody {
  try {
    const body = BatchBody.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)));
    if (body.events.length !== header.last - header.first + 1)
      throw new Error('the events do not fill the range of the header');
    return body;
  } catch (cause) {
    throw new Problem(
      'batch-malformed',
      'The signed content is no batch.',
      'Check that both ends run compatible versions.',
      { cause },
    );
  }
}

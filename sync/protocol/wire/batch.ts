import { z } from 'zod';
import { Instant, Uuid } from './event.ts';

/**
 * A batch: consecutive events of one epoch of one device, signed by that device (JWS) and sealed to the server (JWE). This file
 * has all schemas; the cryptography is in sync/protocol/seal/.
 */

/** Version that this build writes (`spv` in every header). */
export const PROTOCOL_VERSION = 1;
/** Returns the versions read by a build that writes `current`: its own and the two before. Others are refused with a code. */
export const understoodVersions = (current: number): readonly number[] =>
  [current, current - 1, current - 2].filter((version) => version >= 1);
/** Versions that this build reads. An answer uses the version of the request, so that the older side understands it. */
export const PROTOCOL_VERSIONS = understoodVersions(PROTOCOL_VERSION);
export const MAX_BATCH_EVENTS = 500;
/** Largest padded plaintext of a batch, bytes: the largest padding bucket. */
export const MAX_PLAIN_BYTES = 1024 * 1024;
/** Returns the size of the largest sealed message, bytes, from that of its padded plaintext: base64url of it plus the header. */
export const sealedSize = (plain: number): number => Math.ceil((plain * 4) / 3) + 2048;
/** Largest sealed batch on the wire, bytes. Checked before decryption. */
export const MAX_SEALED_BYTES = sealedSize(MAX_PLAIN_BYTES);
/** Largest signed ack, bytes. */
export const MAX_ACK_BYTES = 4096;

/** Paths to which a kiosk posts its messages over HTTPS. */
export const MESSAGE_PATHS = { batch: '/v1/batches', ask: '/v1/asks' } as const;

/** `typ` of each message, so that one kind can never be mistaken for another (RFC 8725 §3.11). */
export const TYP = {
  batch: 'sp-batch+jws',
  sealedBatch: 'sp-batch+jwe',
  ack: 'sp-ack+jws',
  ask: 'sp-ask+jws',
  sealedAsk: 'sp-ask+jwe',
  page: 'sp-page+jws',
  sealedPage: 'sp-page+jwe',
  rejection: 'sp-rejection+jws',
} as const;

/** 32 bytes as unpadded base64url. */
const Key = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
export const Ed25519PublicJwk = z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: Key });
export type Ed25519PublicJwk = z.infer<typeof Ed25519PublicJwk>;
export const X25519PublicJwk = z.strictObject({ kty: z.literal('OKP'), crv: z.literal('X25519'), x: Key });
export type X25519PublicJwk = z.infer<typeof X25519PublicJwk>;
export const Ed25519PrivateJwk = Ed25519PublicJwk.extend({ d: Key });
export type Ed25519PrivateJwk = z.infer<typeof Ed25519PrivateJwk>;
export const X25519PrivateJwk = X25519PublicJwk.extend({ d: Key });
export type X25519PrivateJwk = z.infer<typeof X25519PrivateJwk>;
/** RFC 7638 thumbprint (SHA-256, base64url) of a public key, which identifies the key without containing it. */
export const Kid = Key;

/** Protected header of what a device signs. It must contain no key, key URL, certificate or `crit`. */
export const deviceHeader = <T extends string>(typ: T) =>
  z.strictObject({
    alg: z.literal('EdDSA'),
    typ: z.literal(typ),
    /** The signing device. */
    iss: Uuid,
    /** The server it is addressed to (`serverId` of the provisioning bundle). */
    aud: Uuid,
    spv: z.number().int().positive(),
  });

/** Protected header of the signed batch. */
export const BatchHeader = deviceHeader(TYP.batch)
  .extend({
    epoch: Uuid,
    /** Sequence numbers of the first and last event. The batch contains every number in between. */
    first: z.number().int().positive(),
    last: z.number().int().positive(),
  })
  .refine((h) => h.last >= h.first && h.last - h.first < MAX_BATCH_EVENTS, {
    message: 'first..last is no valid range',
  });
export type BatchHeader = z.infer<typeof BatchHeader>;

/** Protected header of a sealed message. `epk`: the sender's ephemeral ECDH-ES key (RFC 7518 §4.6.1.1), not an identity. */
export const sealedHeader = (typ: string, cty: string) =>
  z.strictObject({
    alg: z.literal('ECDH-ES'),
    enc: z.literal('A256GCM'),
    typ: z.literal(typ),
    cty: z.literal(cty),
    /** Thumbprint of the receiver's X25519 key. */
    kid: Kid,
    epk: X25519PublicJwk,
  });

/** Protected header of what the server signs; `kid` is the thumbprint of one of its Ed25519 keys. */
export const serverHeader = <T extends string>(typ: T) =>
  z.strictObject({ alg: z.literal('EdDSA'), typ: z.literal(typ), kid: Kid, spv: z.number().int().positive() });

/**
 * What the device signs. The events stay unparsed here: an event that the server can't accept is quarantined by itself and does
 * not hold up the rest of the batch.
 */
export const BatchBody = z.strictObject({
  /** Time of sending by the kiosk's clock. */
  sentAt: Instant,
  /** Thumbprints of the server's signing keys that this kiosk trusts. One of them signs the ack. Absent: the newest key does. */
  trusts: z.array(Kid).min(1).max(4).optional(),
  events: z.array(z.unknown()).min(1).max(MAX_BATCH_EVENTS),
});
export type BatchBody = z.infer<typeof BatchBody>;

import { z } from 'zod';
import { deviceHeader, Kid, sealedSize, serverHeader } from './batch.ts';
import { Uuid } from './event.ts';
import { DeviceRequest, ServerBundle } from './provisioning.ts';

/**
 * Joining: how a kiosk that has only a one-time code becomes a registered device. It sends its public keys and the code (`join`),
 * an administrator compares fingerprints, and the kiosk proves that it is still the same one (`proof`) and gets what it needs
 * (`grant`).
 */

export const JOIN_TYP = {
  join: 'sp-join+jws',
  proof: 'sp-join-proof+jws',
  grant: 'sp-grant+jws',
  sealedGrant: 'sp-grant+jwe',
} as const;

/** POST asks to join; GET `JOIN_PATH/DEVICE` polls for the answer. The only routes, with the farewell, without a client certificate. */
export const JOIN_PATH = '/v1/join';

/** Largest join, request file or proof, characters. */
export const MAX_JOIN_BYTES = 16 * 1024;
/** Largest padded plaintext of a grant, bytes, and its JWE, characters. */
export const MAX_GRANT_PLAIN = 64 * 1024;
export const MAX_GRANT_BYTES = sealedSize(MAX_GRANT_PLAIN);

/** Without `aud`: the kiosk knows no server yet. The device's key is the one in the request, or the registered one. */
const joiningHeader = <T extends string>(typ: T) => deviceHeader(typ).omit({ aud: true });

export const JoinHeader = joiningHeader(JOIN_TYP.join);
export type JoinHeader = z.infer<typeof JoinHeader>;
/** Signed by the Ed25519 key in `request`, so that nobody can register someone else's key. */
export const Join = z.strictObject({
  /** Secret of the code, base64url; null in a request file, which an administrator carries. */
  secret: z
    .string()
    .regex(/^[A-Za-z0-9_-]{14}$/)
    .nullable(),
  request: DeviceRequest,
});
export type Join = z.infer<typeof Join>;

export const ProofHeader = joiningHeader(JOIN_TYP.proof);
export type ProofHeader = z.infer<typeof ProofHeader>;
/** Proves that the kiosk polling is the one that asked to join. */
export const Proof = z.strictObject({ nonce: Uuid });
export type Proof = z.infer<typeof Proof>;

export const GrantHeader = serverHeader(JOIN_TYP.grant);
export type GrantHeader = z.infer<typeof GrantHeader>;
/** What an approved device receives, signed by the server and sealed to the device's X25519 key. */
export const Grant = z.strictObject({
  device: Uuid,
  bundle: ServerBundle,
  /** 32 random bytes, base64url. Part of the key for the key slots of the kiosk's store. */
  provisioningSecret: Kid,
});
export type Grant = z.infer<typeof Grant>;

/** Answer to a join, and to each poll until it is approved. */
export const Waiting = z.strictObject({
  state: z.literal('pending'),
  device: Uuid,
  fingerprint: z.string().max(40),
});
export type Waiting = z.infer<typeof Waiting>;

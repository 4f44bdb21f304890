import { z } from 'zod';
import { X25519PublicJwk } from '../../../sync/protocol/wire/batch.ts';
import type { Store } from '../store/interface.ts';
import type { ServerLink } from './server-link.ts';

/** A setting of its own, beside the link: an older build reads the link and knows nothing of this. */
export const SPARE_SETTING = 'server-link-before';

/**
 * How long after the first answer under a new key the second must come, ms. A day, so that a nightly backup of the server
 * has the new key before the kiosk forgets the one before it.
 */
export const SPARE_MS = 86_400_000;

/** Trusted time of the server's first answer under the key that came after this one, ms since 1970; null: none yet. */
const answeredAt = z.number().nullable();

const Kept = z.strictObject({
  /** TLS key (PKCS #8, PEM) and certificate of before the last renewal. */
  tls: z.strictObject({ keyPem: z.string(), certPem: z.string(), answeredAt }).nullable(),
  /** What messages were sealed to before the server's last succession. */
  sealing: z.strictObject({ key: X25519PublicJwk, answeredAt }).nullable(),
});

/**
 * Keys of before a renewal or a succession. A server whose database is restored to before it knows those alone. No signing
 * key and no CA is among them: what the server has retired is never trusted again.
 */
export type SpareKeys = Readonly<z.infer<typeof Kept>>;

export const NO_SPARE: SpareKeys = { tls: null, sealing: null };

/** Keys that can't be read count as none: they are a second chance, and nothing hangs on them. */
export function readSpareKeys(store: Pick<Store, 'setting'>): SpareKeys {
  const text = store.setting(SPARE_SETTING);
  if (!text) return NO_SPARE;
  try {
    return Kept.safeParse(JSON.parse(text)).data ?? NO_SPARE;
  } catch {
    return NO_SPARE;
  }
}

/** What is to be kept once `next` takes the place of `before`. */
export function spareAfter(spare: SpareKeys, before: ServerLink, next: ServerLink): SpareKeys {
  const { secret, bundle } = before;
  return {
    tls:
      secret.tlsKeyPem === next.secret.tlsKeyPem
        ? spare.tls
        : { keyPem: secret.tlsKeyPem, certPem: bundle.tlsCertPem, answeredAt: null },
    sealing:
      bundle.keys.sealing.x === next.bundle.keys.sealing.x
        ? spare.sealing
        : { key: bundle.keys.sealing, answeredAt: null },
  };
}

/**
 * The server has answered under the present keys. A key is forgotten at the second answer that is SPARE_MS or more behind
 * the first; an answer of before the first (trusted time may be corrected) counts as the first.
 *
 * @param now trusted time, ms since 1970
 * @returns the same object when nothing changed
 */
export function afterAnswer(spare: SpareKeys, now: number): SpareKeys {
  const tls = counted(spare.tls, now);
  const sealing = counted(spare.sealing, now);
  return tls === spare.tls && sealing === spare.sealing ? spare : { tls, sealing };
}

function counted<K extends { answeredAt: number | null }>(key: K | null, now: number): K | null {
  if (!key) return null;
  if (key.answeredAt === null || now < key.answeredAt) return { ...key, answeredAt: now };
  return now - key.answeredAt >= SPARE_MS ? null : key;
}

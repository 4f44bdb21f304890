import { z } from 'zod';
import type { EpochMark } from '../../../sync/edge/outbox.ts';
import { X25519PublicJwk } from '../../../sync/protocol/wire/batch.ts';
import { keptJson } from '../kept-json.ts';
import type { Store } from '../store/interface.ts';
import type { ServerLink } from './server-link.ts';

/** A separate setting beside the link: an older build reads the link and ignores this one. */
export const SPARE_SETTING = 'server-link-before';

/** A key is kept for a day after the first answer under its successor, ms: a single answer may be from one replica only. */
export const LEAST_MS = 86_400_000;
/** It is kept no longer than this if no backup is reported, ms: a server without backups can't be restored either. */
export const MOST_MS = 30 * 86_400_000;

/** Progress of one epoch, as an outbox reports it. */
export type Mark = Pick<EpochMark, 'epoch' | 'safe' | 'made'>;

/** The server's first answer under this key's successor; null if there was none yet. */
const FirstAnswer = z.strictObject({
  /** Trusted time, ms since 1970. */
  at: z.number(),
  /** The current epoch then, and its last event. A backup with a later one was made after the answer, so it has the new key. */
  epoch: z.string(),
  made: z.number().int(),
});
const answered = FirstAnswer.nullable();

const Kept = z.strictObject({
  /** TLS key (PKCS #8, PEM) and certificate from before the last renewal. */
  tls: z.strictObject({ keyPem: z.string(), certPem: z.string(), answered }).nullable(),
  /** The key that messages were encrypted to before the server's last succession. */
  sealing: z.strictObject({ key: X25519PublicJwk, answered }).nullable(),
});

/**
 * Keys from before a renewal or a succession. A server whose database is restored to an earlier state knows only those. They
 * include no signing key and no CA: what the server has retired is never trusted again.
 */
export type SpareKeys = Readonly<z.infer<typeof Kept>>;

export const NO_SPARE: SpareKeys = { tls: null, sealing: null };

/** Keys that can't be read count as none: they are a second chance that nothing depends on. */
export function readSpareKeys(store: { readonly settings: Pick<Store['settings'], 'get'> }): SpareKeys {
  return keptJson(Kept, store.settings.get(SPARE_SETTING)) ?? NO_SPARE;
}

/** Returns the keys to keep once `next` replaces `before`. */
export function spareAfter(spare: SpareKeys, before: ServerLink, next: ServerLink): SpareKeys {
  const { secret, bundle } = before;
  return {
    tls:
      secret.tlsKeyPem === next.secret.tlsKeyPem
        ? spare.tls
        : { keyPem: secret.tlsKeyPem, certPem: bundle.tlsCertPem, answered: null },
    sealing:
      bundle.keys.sealing.x === next.bundle.keys.sealing.x
        ? spare.sealing
        : { key: bundle.keys.sealing, answered: null },
  };
}

/**
 * Updates the spare keys after an answer under the current keys. An earlier key is forgotten at an answer at least LEAST_MS after
 * the first, once a backup is known to have an event made after that first answer. After MOST_MS it is always forgotten. An
 * answer that precedes the first (trusted time may be corrected) replaces it.
 *
 * @param now trusted time, ms since 1970
 * @param marks of every epoch, the current one last
 * @returns the same object if nothing changed
 */
export function afterAnswer(spare: SpareKeys, now: number, marks: readonly Mark[]): SpareKeys {
  const tls = counted(spare.tls, now, marks);
  const sealing = counted(spare.sealing, now, marks);
  return tls === spare.tls && sealing === spare.sealing ? spare : { tls, sealing };
}

function counted<K extends { answered: z.infer<typeof answered> }>(
  key: K | null,
  now: number,
  marks: readonly Mark[],
): K | null {
  if (!key) return null;
  const present = marks.at(-1);
  if (!present) return key;
  if (!key.answered || now < key.answered.at)
    return { ...key, answered: { at: now, epoch: present.epoch, made: present.made } };
  const { at, epoch, made } = key.answered;
  if (now - at < LEAST_MS) return key;
  const then = marks.findIndex((mark) => mark.epoch === epoch);
  // An epoch that is no longer reported is trimmed, so all of it was safe. Later epochs have only later events.
  const backedUp = marks.some((mark, i) => (i === then ? mark.safe > made : i > then && mark.safe > 0));
  return backedUp || now - at >= MOST_MS ? null : key;
}

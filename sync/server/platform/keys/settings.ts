import type { Secret } from '../secrets/secret.ts';
import { Keys, type MasterPair } from './envelope.ts';

export interface KeySettings {
  readonly encryptionKey: Secret;
  readonly secretKey: Secret;
  /** The keys from before a rotation. Null if no rotation is under way. */
  readonly previousKeys?: MasterPair | null;
}

/** Returns the previous keys, or null if neither was replaced. If only one was, the other is the current one. */
export function previousPair(
  present: MasterPair,
  encryptionKey: Secret | undefined,
  secretKey: Secret | undefined,
): MasterPair | null {
  if (!encryptionKey && !secretKey) return null;
  return { encryptionKey: encryptionKey ?? present.encryptionKey, secretKey: secretKey ?? present.secretKey };
}

export function keysOf({ encryptionKey, secretKey, previousKeys }: KeySettings): Keys {
  return new Keys(encryptionKey, secretKey, previousKeys ?? null);
}

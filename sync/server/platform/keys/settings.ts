import type { Secret } from '../secrets/secret.ts';
import { Keys, type MasterPair } from './envelope.ts';

export interface KeySettings {
  readonly encryptionKey: Secret;
  readonly secretKey: Secret;
  /** As they were before a rotation; null: there is none under way. */
  readonly previousKeys?: MasterPair | null;
}

/** Either key may be exchanged alone: the other one is then the same as before. Null: neither was. */
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

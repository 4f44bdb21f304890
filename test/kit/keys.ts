import { randomBytes } from 'node:crypto';
import type { Keys, MasterPair } from '../../sync/server/platform/keys/envelope.ts';
import { keysOf } from '../../sync/server/platform/keys/settings.ts';
import { Secret } from '../../sync/server/platform/secrets/secret.ts';

/** The two keys of a server’s environment. */
export const newPair = (): MasterPair => ({
  encryptionKey: new Secret(randomBytes(32)),
  secretKey: new Secret(randomBytes(32)),
});

export const newKeys = (): Keys => keysOf(newPair());

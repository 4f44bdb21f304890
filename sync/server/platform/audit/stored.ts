import type { Config } from '../../app/config.ts';
import type { Db } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import { openObjectStore } from '../objects/store.ts';
import { type Compared, compareAnchors } from './compare.ts';

/** Compares the chain with every anchor that this configuration can reach. */
export async function compareHere(db: Db, keys: Keys, { home, s3 }: Pick<Config, 'home' | 's3'>): Promise<Compared> {
  const store = s3 && openObjectStore(s3);
  try {
    return await compareAnchors(db, keys, { home, store });
  } finally {
    store?.close();
  }
}

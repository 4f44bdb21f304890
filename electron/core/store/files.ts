import { join } from 'node:path';

export const storeFile = (home: string): string => join(home, 'store.db');
/** A re-keyed copy that is about to become the store; see rekey.ts. */
export const rekeyedFile = (home: string): string => join(home, 'store.db.next');

import type { Job } from '../jobs/job.ts';
import { openObjectStore } from '../objects/store.ts';
import { makeAnchor, storeAnchors } from './anchors.ts';

/**
 * Signs the head of the chain, and puts it into the object store where there is one, under its lock where it has locks: who
 * can write to the database can't take it back from there.
 */
export const auditAnchorJob: Job = {
  name: 'audit-anchor',
  everyMs: 60 * 60 * 1000,
  async run({ db, keys, keyring, config, now }) {
    const at = now();
    const made = await makeAnchor({ db, keys, serverId: keyring.serverId, signing: keyring.signing }, at);
    if (!config.s3) return { position: made?.position ?? null, stored: null };
    const store = openObjectStore(config.s3);
    try {
      return { position: made?.position ?? null, stored: await storeAnchors(db, store, at) };
    } finally {
      store.close();
    }
  },
};

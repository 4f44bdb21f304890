import { randomUUID } from 'node:crypto';
import type { BatchHeader } from '../../sync/protocol/wire/batch.ts';
import { type Ingested, ingest } from '../../sync/server/app/ingest/ingest.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';
import type { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { MemoryOutbox } from '../kit/outbox.ts';

/** The ingest without its transport: a kiosk that the server knows, and batches of it that have been verified. */

export interface KnownAs {
  /** Its id; a new one where absent. */
  readonly device?: string;
  readonly name?: string;
  readonly site?: string | null;
  readonly at?: Date;
}

export async function knownKiosk(
  db: Db,
  { name = 'Door', site = null, at = new Date(), device }: KnownAs = {},
): Promise<MemoryOutbox> {
  const box = new MemoryOutbox(device);
  const known = { status: 'approved' as const, ed25519: 'x', x25519: 'x', tls_key_hash: box.device };
  await db
    .insertInto('device')
    .values({ id: box.device, name, ...known, registered_at: at, last_heard_at: null, site })
    .execute();
  return box;
}

export interface Delivery {
  /** Sequence number of the first event. */
  readonly first: number;
  readonly epoch?: string;
  readonly now?: Date;
}

export function deliverTo(
  db: Db,
  keys: Keys,
  box: MemoryOutbox,
  events: readonly unknown[],
  { first, epoch = box.epoch, now = new Date() }: Delivery,
): Promise<Ingested> {
  const header: BatchHeader = {
    alg: 'EdDSA',
    typ: 'sp-batch+jws',
    iss: box.device,
    aud: randomUUID(),
    epoch,
    first,
    last: first + events.length - 1,
    spv: 1,
  };
  return ingest({ db, keys, modules: MODULES }, header, { sentAt: now.toISOString(), events: [...events] }, now, {
    undoDays: 0,
  });
}

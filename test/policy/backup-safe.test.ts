import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SqlStore } from '../../electron/core/store/store.ts';
import { ingest } from '../../sync/server/app/ingest/ingest.ts';
import { readMarks } from '../../sync/server/app/ingest/marks.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { restoreBackup } from '../../sync/server/features/backup/restore.ts';
import { runBackup } from '../../sync/server/features/backup/run.ts';
import { SYSTEM } from '../../sync/server/platform/audit/actor.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';
import type { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { keysOf } from '../../sync/server/platform/keys/settings.ts';
import { PREFIX } from '../../sync/server/platform/objects/sealed/layout.ts';
import type { ObjectStore } from '../../sync/server/platform/objects/store.ts';
import { contextOf, newBucket, settled } from '../backup/bucket.ts';
import { DATABASES } from '../kit/databases.ts';
import { newPair } from '../kit/keys.ts';
import { registerKiosk } from '../kit/known-kiosk.ts';
import { type Moto, motoMissing, startMoto } from '../services/moto.ts';
import { aCheckin, aPerson, newFolder, openKiosk } from '../store/kiosk.ts';

/**
 * The `safe` mark end to end: a backup is taken while commits continue, the kiosk trims by its acks, and the server is lost and
 * restored from that backup. No event is lost.
 */

const missing = motoMissing();
if (missing) console.log(missing);

describe.skipIf(missing).each(DATABASES)(
  'what a kiosk forgets, with a server on $name',
  ({ name, unavailable, start }) => {
    if (unavailable) return test.skip(unavailable, () => undefined);
    let moto: Moto;
    let objects: ObjectStore;
    const hosts: Awaited<ReturnType<typeof start>>[] = [];
    const host = async () => {
      const made = await start();
      hosts.push(made);
      return made;
    };
    beforeAll(async () => {
      moto = await startMoto();
      objects = await newBucket(moto, `safe-${name.toLowerCase()}`);
    });
    afterAll(async () => {
      objects?.close();
      for (const one of hosts) await one.remove();
      await moto?.remove();
    });

    /** Sends everything pending, as the engine does, and processes each acknowledgement. */
    async function deliver(db: Db, keys: Keys, kiosk: SqlStore): Promise<void> {
      for (;;) {
        const [first, ...rest] = kiosk.outbox.pending(32, 100_000);
        if (!first) return;
        const { epoch, seq } = first.header;
        const events = [first, ...rest.filter((e) => e.header.epoch === epoch)];
        const batch = { iss: kiosk.device, aud: randomUUID(), epoch, first: seq, last: seq + events.length - 1 };
        const header = { alg: 'EdDSA', typ: 'sp-batch+jws', spv: 1, ...batch } as const;
        const now = new Date();
        const { ack } = await ingest(
          { db, keys, modules: MODULES },
          header,
          { sentAt: now.toISOString(), events },
          now,
        );
        kiosk.outbox.acknowledge(ack.epoch, ack);
      }
    }

    test('is in the backup: no event is lost when restoring a backup taken during commits', async () => {
      const pair = newPair();
      const database = await (await host()).open();
      const keys = await settled(database.db, keysOf(pair));
      const kiosk = await openKiosk(newFolder());
      await registerKiosk(database.db, { device: kiosk.device });
      const { id: ada } = await kiosk.people.add(aPerson({ name: 'Ada' }));
      let recorded = 0;
      const arrive = async (db: Db, count: number) => {
        for (let i = 0; i < count; i++) await kiosk.checkins.record(aCheckin(ada));
        recorded += count;
        await deliver(db, keys, kiosk);
      };
      await arrive(database.db, 5);

      // The embedded database has one connection: commits continue there after its snapshot is stored, and before the marks are
      // raised.
      const during = database.kind === 'embedded' ? [PREFIX.manifests] : [PREFIX.backups, PREFIX.manifests];
      const busy: ObjectStore = {
        ...objects,
        put: async (key, ...rest) => {
          if (during.some((prefix) => key.startsWith(prefix))) await arrive(database.db, 3);
          return objects.put(key, ...rest);
        },
      };
      await runBackup(contextOf(database.db, keys, busy));
      await arrive(database.db, 1);
      const [mark] = kiosk.outbox.marks();
      expect(mark!.safe).toBeGreaterThan(0);
      expect(mark!.committed - mark!.safe).toBeGreaterThanOrEqual(1 + 3 * during.length);

      const late = new Date(Date.now() + 86_400_000).toISOString();
      const trimmed = await kiosk.removal.trim(late, late);
      expect(trimmed).toBe(mark!.safe);
      await arrive(database.db, 2);
      await database.close();

      // The machine is lost. Another one has only the backup and the environment's keys.
      const there = await host();
      const bare = await there.bare();
      const thaw = { wait: false, tier: 'Standard', sleep: async () => undefined } as const;
      const into = { db: bare.db, store: objects, keys: keysOf(pair), now: () => new Date(), actor: SYSTEM, thaw };
      await restoreBackup(into, null);
      await bare.close();
      const restored = await there.open();
      const again = await settled(restored.db, keysOf(pair));
      for (const { epoch } of kiosk.outbox.marks())
        kiosk.outbox.rewind(epoch, await readMarks(restored.db, kiosk.device, epoch));
      await deliver(restored.db, again, kiosk);
      for (const { epoch, made, committed } of kiosk.outbox.marks()) {
        const rows = await restored.db.selectFrom('event').select('seq').where('epoch', '=', epoch).execute();
        expect(rows.map((r) => Number(r.seq)).sort((a, b) => a - b)).toEqual(
          Array.from({ length: made }, (_, i) => i + 1),
        );
        expect(committed).toBe(made);
      }
      const { length } = await restored.db.selectFrom('checkin').select('id').where('person', '=', ada).execute();
      expect(length).toBe(recorded);
      await restored.close();
      kiosk.close();
    }, 240_000);
  },
);

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dump, inSnapshot, splitTables } from '../../sync/server/features/backup/dump.ts';
import { load, withoutConstraints } from '../../sync/server/features/backup/load.ts';
import { migrate } from '../../sync/server/platform/database/migrations.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { readFrames } from '../../sync/server/platform/objects/sealed/frames.ts';
import {
  compressed,
  decompressed,
  newDataKey,
  openStream,
  sealStream,
} from '../../sync/server/platform/objects/sealed/stream.ts';
import { DATABASES } from '../kit/databases.ts';
import { everyRow, fillEveryTable } from './fill.ts';

describe.each(DATABASES)('a dump of $name', ({ unavailable, start }) => {
  if (unavailable) return test.skip(unavailable, () => undefined);
  let from: Awaited<ReturnType<typeof start>>;
  let to: Awaited<ReturnType<typeof start>>;
  let full: OpenDatabase;
  let empty: OpenDatabase;

  beforeAll(async () => {
    from = await start();
    to = await start();
    full = await from.open();
    empty = await to.open();
  });
  afterAll(async () => {
    await full?.close();
    await empty?.close();
    await from?.remove();
    await to?.remove();
  });

  test('restores every row of every table exactly', async () => {
    expect(await fillEveryTable(full.db, 40)).toEqual({});
    const counts = { rows: {} as Record<string, number> };
    const sealed: Uint8Array[] = [];
    const key = newDataKey();
    const name = { kind: 'database', id: 'test' } as const;
    await inSnapshot(full.db, async (tx) => {
      const tables = await splitTables(tx);
      const frames = dump(
        tx,
        { id: 'test', at: new Date(), keyVersion: 1, tables: [...tables.data, ...tables.keyring] },
        counts,
      );
      for await (const piece of sealStream(key, name, compressed(frames))) sealed.push(piece);
    });
    async function* stored() {
      yield* sealed;
    }
    await migrate(empty.db);
    await empty.db.transaction().execute((tx) =>
      withoutConstraints(tx, async () => {
        const loaded = await load(tx, readFrames(decompressed(openStream(key, name, stored()))));
        expect(loaded.rows).toEqual(counts.rows);
      }),
    );
    expect(await everyRow(empty.db)).toEqual(await everyRow(full.db));
  });
});

import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Change } from '../../sync/protocol/wire/changes.ts';
import { clearCommands, type DeviceState, publishDeviceState } from '../../sync/server/changes/device-state.ts';
import { kiosksToNudge } from '../../sync/server/changes/nudges.ts';
import { readChanges } from '../../sync/server/changes/read.ts';
import { inTransaction } from '../../sync/server/database/retry.ts';
import { Keys } from '../../sync/server/keys/envelope.ts';
import { Secret } from '../../sync/server/keys/secret.ts';
import { DATABASES } from '../services/databases.ts';

const keys = new Keys(new Secret(randomBytes(32)), new Secret(randomBytes(32)));
const publicKeys = async () => ({
  serial: 1,
  signing: [{ kty: 'OKP' as const, crv: 'Ed25519' as const, x: 'A'.repeat(43) }],
  sealing: { kty: 'OKP' as const, crv: 'X25519' as const, x: 'A'.repeat(43) },
  caPem: ['PEM'],
});

const update = (version: string): DeviceState => ({
  kind: 'update',
  update: { rollout: randomUUID(), action: 'install', version, window: null, trialMinutes: 10, again: 0 },
});
const command = (
  id = randomUUID() as string,
  expires = '2030-01-01T00:00:00.000Z',
): Extract<DeviceState, { kind: 'command' }> => ({
  kind: 'command',
  id,
  what: 'restart',
  expires,
});
const config = (revision: number, volume: number): DeviceState => ({ kind: 'config', revision, config: { volume } });

describe.each(DATABASES)('what one device is told, on $name', ({ start, unavailable }) => {
  if (unavailable) return test.skip(unavailable, () => undefined);
  let home: Awaited<ReturnType<typeof start>>;
  let database: Awaited<ReturnType<typeof home.open>>;
  beforeAll(async () => {
    home = await start();
    database = await home.open();
  }, 120_000);
  afterAll(async () => {
    await database?.close();
    await home?.remove();
  });

  async function device(): Promise<string> {
    const id = randomUUID();
    const row = {
      id,
      name: 'Door',
      status: 'approved' as const,
      ed25519: 'x',
      x25519: 'x',
      tls_key_hash: 'x',
      site: null,
    };
    await database.db
      .insertInto('device')
      .values({ ...row, registered_at: new Date(), last_heard_at: null })
      .execute();
    return id;
  }
  const tell = (...all: { device: string; told: DeviceState }[]) =>
    inTransaction(database.db, (tx) => publishDeviceState(tx, all, new Date()));
  /** Reads to the end, as a kiosk does. */
  async function read(id: string, from = '', version = 3, limit = 200) {
    const source = { db: database.db, keys, logEpoch: database.logEpoch, publicKeys };
    const changes: Change[] = [];
    for (let cursor = from; ; ) {
      const ask = { cursor, limit, presenceAfter: null, newestKey: true, version };
      const page = await readChanges(source, id, ask, new Date());
      changes.push(...page.changes);
      cursor = page.cursor;
      if (!page.more) return { cursor, told: changes.filter((c) => ['update', 'config', 'command'].includes(c.kind)) };
    }
  }

  test('comes to that device alone, as a delta and by its present state', async () => {
    const [a, b] = [await device(), await device()];
    const [ofA, ofB] = [await read(a), await read(b)];
    expect(ofA.told).toEqual([
      { kind: 'update', update: null },
      { kind: 'config', revision: 0, config: {} },
    ]);
    const [v2, restart] = [update('2.0.0'), command()];
    await tell({ device: a, told: update('1.9.0') }, { device: a, told: config(1, 10) });
    await tell({ device: a, told: v2 }, { device: a, told: restart });
    const after = await read(a, ofA.cursor);
    expect(after.told).toEqual([config(1, 10), v2, restart]);
    expect((await read(a, after.cursor)).told).toEqual([]);
    expect((await read(b, ofB.cursor)).told).toEqual([]);
  });

  test('is in a snapshot too, whatever the size of its pages', async () => {
    const id = await device();
    const [first, second] = [command(), command()];
    await tell({ device: id, told: first });
    await tell(
      { device: id, told: second },
      { device: id, told: config(7, 20) },
      { device: id, told: update('2.0.0') },
    );
    const { told } = await read(id, '', 3, 1);
    expect(told).toHaveLength(4);
    expect(told).toEqual(expect.arrayContaining([config(7, 20), first, second]));
    expect(told.indexOf(told.find((c) => c.kind === 'command' && c.id === first.id)!)).toBeLessThan(
      told.indexOf(told.find((c) => c.kind === 'command' && c.id === second.id)!),
    );
  });

  test.each([1, 2])(
    'is not told to a kiosk of version %i, which would refuse the page; after its update it is',
    async (version) => {
      const id = await device();
      const before = await read(id, '', version);
      await tell(
        { device: id, told: update('2.0.0') },
        { device: id, told: command() },
        { device: id, told: config(1, 1) },
      );
      expect((await read(id, '', version)).told).toEqual([]);
      const delta = await read(id, before.cursor, version);
      expect(delta.told).toEqual([]);
      expect((await read(id, delta.cursor, 3)).told).toHaveLength(3);
    },
  );

  test('a command is told until it was answered, and its later word counts', async () => {
    const id = await device();
    const { cursor } = await read(id);
    const [one, gone] = [command(), command()];
    await tell({ device: id, told: one }, { device: id, told: gone });
    await tell({ device: id, told: command(one.id, '2026-01-01T00:00:00.000Z') });
    await inTransaction(database.db, (tx) => clearCommands(tx, id, [gone.id]));
    const told = [command(one.id, '2026-01-01T00:00:00.000Z')];
    expect((await read(id, cursor)).told).toEqual(told);
    expect((await read(id)).told.filter((c) => c.kind === 'command')).toEqual(told);
  });

  test('nudges that device alone', async () => {
    const [a, b] = [await device(), await device()];
    const { position } = await kiosksToNudge(database.db, null);
    await tell({ device: a, told: update('2.0.0') });
    const { devices } = await kiosksToNudge(database.db, position);
    expect(devices).toEqual([a]);
    expect(devices).not.toContain(b);
  });
});

import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../sync/protocol/wire/changes.ts';
import { kiosksToNudge } from '../../sync/server/app/downstream/nudges.ts';
import { readChanges } from '../../sync/server/app/downstream/read.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { clearCommands, type DeviceState, publishDeviceState } from '../../sync/server/core/devices/device-state.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { DATABASES } from '../kit/databases.ts';
import { newKeys } from '../kit/keys.ts';
import { registerKiosk } from '../kit/known-kiosk.ts';
import { withDatabase } from '../kit/suite.ts';

const keys = newKeys();
const publicKeys = async () => ({
  serial: 1,
  signing: [{ kty: 'OKP' as const, crv: 'Ed25519' as const, x: 'A'.repeat(43) }],
  sealing: { kty: 'OKP' as const, crv: 'X25519' as const, x: 'A'.repeat(43) },
  caPem: ['PEM'],
});

const update = (version: string): DeviceState => ({
  kind: 'update',
  update: { rollout: randomUUID(), action: 'install', version, window: null, trialMinutes: 10, retry: 0 },
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

describe.each(DATABASES)('what a single device is sent, on $name', (kind) => {
  let database: OpenDatabase;
  withDatabase(kind, (opened) => {
    database = opened;
  });

  const device = async () => (await registerKiosk(database.db)).device;
  const notify = (...all: { device: string; state: DeviceState }[]) =>
    inTransaction(database.db, (tx) => publishDeviceState(tx, all, new Date()));
  /** Reads all pages, as a kiosk does. */
  async function read(id: string, from = '', limit = 200) {
    const source = { db: database.db, keys, logEpoch: database.logEpoch, modules: MODULES, publicKeys };
    const changes: Change[] = [];
    for (let cursor = from; ; ) {
      const ask = { cursor, limit, presenceAfter: null, newestKey: true };
      const page = await readChanges(source, id, ask, new Date());
      changes.push(...page.changes);
      cursor = page.cursor;
      if (!page.more)
        return { cursor, notified: changes.filter((c) => ['update', 'config', 'command'].includes(c.kind)) };
    }
  }

  test('is sent only to that device, as a delta in its current state', async () => {
    const [a, b] = [await device(), await device()];
    const [ofA, ofB] = [await read(a), await read(b)];
    expect(ofA.notified).toEqual([
      { kind: 'update', update: null },
      { kind: 'config', revision: 0, config: {} },
    ]);
    const [v2, restart] = [update('2.0.0'), command()];
    await notify({ device: a, state: update('1.9.0') }, { device: a, state: config(1, 10) });
    await notify({ device: a, state: v2 }, { device: a, state: restart });
    const after = await read(a, ofA.cursor);
    expect(after.notified).toEqual([config(1, 10), v2, restart]);
    expect((await read(a, after.cursor)).notified).toEqual([]);
    expect((await read(b, ofB.cursor)).notified).toEqual([]);
  });

  test('is also in a snapshot, whatever the page size', async () => {
    const id = await device();
    const [first, second] = [command(), command()];
    await notify({ device: id, state: first });
    await notify(
      { device: id, state: second },
      { device: id, state: config(7, 20) },
      { device: id, state: update('2.0.0') },
    );
    const { notified } = await read(id, '', 1);
    expect(notified).toHaveLength(4);
    expect(notified).toEqual(expect.arrayContaining([config(7, 20), first, second]));
    expect(notified.indexOf(notified.find((c) => c.kind === 'command' && c.id === first.id)!)).toBeLessThan(
      notified.indexOf(notified.find((c) => c.kind === 'command' && c.id === second.id)!),
    );
  });

  test('a command is sent until answered, and once it has expired, as expired by any clock', async () => {
    const id = await device();
    const { cursor } = await read(id);
    const [one, gone] = [command(), command()];
    await notify({ device: id, state: one }, { device: id, state: gone });
    await notify({ device: id, state: command(one.id, '2026-01-01T00:00:00.000Z') });
    await inTransaction(database.db, (tx) => clearCommands(tx, id, [gone.id]));
    const notified = [command(one.id, '1970-01-01T00:00:00.000Z')];
    expect((await read(id, cursor)).notified).toEqual(notified);
    expect((await read(id)).notified.filter((c) => c.kind === 'command')).toEqual(notified);
  });

  test('nudges only that device', async () => {
    const [a, b] = [await device(), await device()];
    const { position } = await kiosksToNudge(database.db, null);
    await notify({ device: a, state: update('2.0.0') });
    const { devices } = await kiosksToNudge(database.db, position);
    expect(devices).toEqual([a]);
    expect(devices).not.toContain(b);
  });
});

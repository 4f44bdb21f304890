import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { DATABASES } from '../../../../test/kit/databases.ts';
import { newKeys } from '../../../../test/kit/keys.ts';
import { deliverTo, registerKiosk } from '../../../../test/kit/known-kiosk.ts';
import type { MemoryOutbox } from '../../../../test/kit/outbox.ts';
import { withDatabase } from '../../../../test/kit/suite.ts';
import type { WireEvent } from '../../../protocol/wire/event.ts';
import type { OpenDatabase } from '../../platform/database/open.ts';
import { examine } from '../checks/check.ts';
import { quarantineCheck } from '../checks/process.ts';
import { QUARANTINE_QUOTA, withinQuota } from './quota.ts';

const keys = newKeys();
let database: OpenDatabase;
let outbox: MemoryOutbox;

const register = () => registerKiosk(database.db);
const deliver = (
  events: readonly unknown[],
  first = (events[0] as WireEvent).header.seq,
  box = outbox,
  epoch = box.epoch,
  now = new Date(),
) => deliverTo(database.db, keys, box, events, { first, epoch, now });

describe.each(DATABASES)('on $name', (kind) => {
  withDatabase(kind, (opened) => {
    database = opened;
  });
  beforeEach(async () => {
    outbox = await register();
  });

  test('a device can fill the quarantine up to its quota; beyond it only digest and reason are kept, which is reported', async () => {
    const person = outbox.person('Ada');
    for (let i = 0; i < 5; i++) outbox.checkin(person, 'in');
    // All entries but one are used.
    await sql`insert into quarantine (device, epoch, seq, digest, reason, content, received_at)
              select ${outbox.device}::uuid, gen_random_uuid(), i, 'd' || i, 'event-malformed', ${Buffer.from('x')}, now()
              from generate_series(1, ${QUARANTINE_QUOTA.entries - 1}) as i`.execute(database.db);
    const open = { db: database.db, keys, keyring: null as never };
    const health = async (at = Date.now()) => {
      const subject = { config: null as never, now: () => new Date(at), open, broker: null };
      return (await examine(quarantineCheck, subject, 10_000)).findings;
    };
    expect(await health()).toEqual([]);
    const spoiled = outbox.events.map((e, i) => (i >= 2 && i < 5 ? { ...e, more: i } : e));
    const result = await deliver(spoiled);
    expect(result).toMatchObject({ ack: { committed: 6 }, inserted: 3, notRetained: 2 });
    const held = await database.db
      .selectFrom('quarantine')
      .selectAll()
      .where('device', '=', outbox.device)
      .where('epoch', '=', outbox.epoch)
      .orderBy('id')
      .execute();
    expect(held.map((q) => [Number(q.seq), q.content !== null, q.not_retained])).toEqual([
      [3, true, null],
      [4, false, 'quarantine-full'],
      [5, false, 'quarantine-full'],
    ]);
    expect(held.every((q) => q.digest.length === 43 && q.reason === 'event-malformed')).toBe(true);
    expect(await health()).toEqual([{ check: 'quarantine', code: 'quarantine-full', level: 'degrades' }]);
    expect(await health(Date.now() + 2 * 86_400_000)).toEqual([]);
    // A replay changes nothing, and is not reported again.
    expect((await deliver(spoiled)).notRetained).toBeUndefined();
    // Another device has its own quota.
    const other = await register();
    other.person('Grace');
    expect((await deliver([{ ...other.events[0]!, more: 1 }], 1, other)).notRetained).toBeUndefined();
    const fits = (sizes: number[]) =>
      database.db.transaction().execute((tx) => withinQuota(tx, other.device, sizes, { entries: 9, bytes: 2000 }));
    expect(await fits([100, 5000, 100])).toEqual([true, false, true]);
  });
});

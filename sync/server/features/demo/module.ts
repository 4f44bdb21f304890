import { sql } from 'kysely';
import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/demo.ts';
import type { Policy } from '../../../protocol/wire/changes.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { revokeDevice } from '../../core/devices/registry.ts';
import { releaseHold } from '../../core/people/holds.ts';
import { livingPeople } from '../../core/people/living.ts';
import { policyOf, setPolicy } from '../../core/sites/policy.ts';
import { DEFAULT_SCOPE } from '../../core/sites/sites.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import {
  above,
  count,
  exists,
  find,
  findAll,
  findLast,
  findLocked,
  idsOf,
  insertNew,
  not,
  remove,
  update,
  upsert,
} from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import type { Job, JobContext } from '../../platform/jobs/job.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { type ServerModule, tablesOf } from '../../platform/server-module.ts';
import { askKiosk } from '../fleet/commands.ts';
import { requestErasure } from '../privacy/erasure/request.ts';

/**
 * The demo of `npm start`. A database is marked as a demo before anyone uses it, and never later. A server set up for real
 * people has no such mark, and everything here refuses to work on it. In a demo all people are made up. Emptying it erases
 * each person and removes each kiosk, as an administrator would do one by one. The contents are made elsewhere
 * (electron/cli/demo) and arrive as events of a kiosk, like all data.
 */

/** Key of the mark in `meta`. */
const KEY = 'demo';
const Demo = z.strictObject({
  state: z.enum(['filled', 'emptying', 'emptied']),
  /** The simulated kiosk, for which `npm start` sends events. */
  kiosk: Uuid,
  /** Account that ended the demo. */
  by: z.string().optional(),
});
type Demo = z.infer<typeof Demo>;

/** Policy of a demo. Only its operator is there, maybe without a display, so screens may be watched. Work starts at nine. */
const SETTINGS = { watchScreens: 'on', workStartsAt: '09:00', graceMinutes: 15 } as const satisfies Partial<Policy>;
/** Repeat window after the demo, seconds, for real people. In the demo's clip people come and go faster. */
const USUAL_REPEAT_SECONDS = 60;
/** Time after which a kiosk that did not leave is asked again, ms. */
const ASKED_AGAIN_MS = 60_000;

async function readDemo(db: Db): Promise<Demo | null> {
  const row = await find(db, 'meta', { key: KEY }, ['value']);
  return row ? Demo.parse(JSON.parse(row.value)) : null;
}

async function writeDemo(db: Db, demo: Demo): Promise<void> {
  const value = JSON.stringify(demo);
  await upsert(db, 'meta', 'key', { key: KEY, value }, { value });
}

/** Marks an unused database as a demo. @returns whether it is now the demo of this kiosk */
export async function beginDemo(db: Db, kiosk: string, now: Date): Promise<boolean> {
  // The first person to sign in creates an account, so that an account also means the database is in use.
  const used = [exists(db, 'device', {}), exists(db, 'person', {}), exists(db, 'account', {})];
  if (!(await Promise.all(used)).includes(true)) {
    await insertNew(db, 'meta', { key: KEY, value: JSON.stringify({ state: 'filled', kiosk } satisfies Demo) });
    await setPolicy(db, DEFAULT_SCOPE, { ...(await policyOf(db, DEFAULT_SCOPE)), ...SETTINGS }, now);
  }
  const demo = await readDemo(db);
  return demo?.state === 'filled' && demo.kiosk === kiosk;
}

/** @throws Problem `not-a-demo` */
async function requireDemo(db: Db): Promise<Demo> {
  const demo = await readDemo(db);
  if (!demo || demo.state === 'emptied') throw new Problem('not-a-demo');
  return demo;
}

/** Like `requireDemo`, locked until the transaction ends, so that a second click can't empty what was set up since. */
async function lockDemo(tx: Tx): Promise<Demo> {
  await findLocked(tx, 'meta', { key: KEY }, ['key']);
  return requireDemo(tx);
}

const demoRoutes: readonly Route[] = [
  implement(api.getDemo, async ({ tx }) => {
    const { state = 'emptied' } = (await readDemo(tx)) ?? {};
    return { state: state === 'emptied' ? ('none' as const) : state };
  }),
  implement(api.beginDemo, async ({ tx, body, now }) => ({ begun: await beginDemo(tx, body.kiosk, now) })),
  implement(api.countDemo, async ({ tx }) => {
    await requireDemo(tx);
    return {
      people: (await living(tx)).length,
      kiosks: await count(tx, 'device', { status: not('revoked') }),
      records: await count(tx, 'checkin', {}),
    };
  }),
  implement(api.emptyDemo, async ({ tx, services, actor, now, about, notify }) => {
    const demo = await lockDemo(tx);
    const by = actor.id ?? 'operator';
    about(await eraseEverybody(tx, services.keys, by, now));
    // The simulated kiosk is no machine, so nothing there has to be destroyed first.
    if (await exists(tx, 'device', { id: demo.kiosk })) await revokeDevice(tx, demo.kiosk, now);
    await writeDemo(tx, { ...demo, state: 'emptying', by });
    notify('board', 'change');
  }),
];

const living = async (db: Db): Promise<string[]> => idsOf(await livingPeople(db).execute());

/**
 * Requests the erasure of everyone. Legal holds and undo periods from trying things out are ended, since emptying must not
 * wait for weeks: people added meanwhile are erased too.
 *
 * @returns the people to be erased
 */
async function eraseEverybody(tx: Tx, keys: Keys, by: string, now: Date): Promise<string[]> {
  const people = await living(tx);
  for (const person of people) await requestErasure(tx, keys, { person, origin: 'staff', undoDays: 0 }, now);
  await update(tx, 'erasure', { state: 'requested', undo_until: above(now) }, { undo_until: now });
  for (const id of idsOf(await findAll(tx, 'retention_hold', { released_at: null }, ['id'])))
    await releaseHold(tx, id, by, now);
  return people;
}

/** Whether to ask a kiosk to leave: once, and again some time after a command that expired or failed. */
async function isToBeAsked(tx: Tx, device: string, now: Date): Promise<boolean> {
  const last = await findLast(tx, 'fleet_command', { device, what: ['decommission', 'wipe'] }, 'asked_at');
  if (!last) return true;
  const open = last.outcome === 'started' || (last.outcome === null && last.expires_at > now);
  return !open && now.getTime() - last.asked_at.getTime() >= ASKED_AGAIN_MS;
}

/**
 * Takes one step towards an empty server: erases everyone, then decommissions every kiosk, then deletes what both leave behind.
 * Each waits for the one before, since kiosks have to confirm erasures. After an interruption the next run continues.
 */
async function emptyOn({ db, keys, modules, now, notify }: JobContext) {
  const report = await inTransaction(db, async (tx) => {
    const { by = 'operator' } = await lockDemo(tx);
    // People may have been added since it was requested.
    await eraseEverybody(tx, keys, by, now());
    const erasures = await count(tx, 'erasure', { state: ['requested', 'closed'] });
    if (erasures > 0) return { waitsFor: 'erasures', count: erasures } as const;
    const left = await findAll(tx, 'device', { status: not('revoked') }, ['id', 'name', 'status']);
    for (const { id, name, status } of left) {
      if (status !== 'approved') await revokeDevice(tx, id, now());
      else if (await isToBeAsked(tx, id, now()))
        await askKiosk(tx, { device: id, what: 'decommission', name, by }, now());
    }
    if (left.length > 0) return { waitsFor: 'kiosks', count: left.length } as const;
    const tables = tablesOf(modules).map(([table]) => table);
    await removeRemains(tx, tables, now());
    return { done: true };
  });
  notify('change');
  notify('board');
  return report;
}

/**
 * Deletes what erasures and removed kiosks leave on a normal server: records that belong to nobody, proofs of erasure, and the
 * kiosks themselves. For made-up people no proof is needed. A person or kiosk added at this very moment is kept, since
 * deleting rows would not be an erasure.
 *
 * @param tables all tables of the server; rows of removed kiosks are deleted from those with a column `device`
 */
async function removeRemains(tx: Tx, tables: readonly string[], now: Date): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.columns
    where table_schema = 'public' and column_name = 'device' and table_name = any(${tables}::text[])`.execute(tx);
  for (const table of ['erasure_step', 'erasure_confirmation', 'erasure', 'correction', 'attention_note'] as const)
    await remove(tx, table, {});
  for (const table of ['webhook_delivery', 'evacuation', 'change', 'person_merge'] as const)
    await remove(tx, table, {});
  await remove(tx, 'person', { deleted_at: not(null) });
  // One statement, since foreign keys between these tables are only checked at its end.
  await sql`with ${sql.join(
    rows.map(
      ({ name }, i) => sql`${sql.ref(`gone_${i}`)} as (delete from ${sql.table(name)} t where t.device is not null
        and not exists (select from device d where d.id = t.device and d.status <> 'revoked'))`,
    ),
  )} delete from device where status = 'revoked'`.execute(tx);
  const { watchScreens: _, workStartsAt: __, graceMinutes: ___, ...policy } = await policyOf(tx, DEFAULT_SCOPE);
  await setPolicy(tx, DEFAULT_SCOPE, { ...policy, repeatWindowSeconds: USUAL_REPEAT_SECONDS }, now);
  await writeDemo(tx, { ...(await requireDemo(tx)), state: 'emptied' });
}

const emptyingJob: Job = {
  name: 'demo',
  everyMs: 2_000,
  wanted: async ({ db }) => (await readDemo(db))?.state === 'emptying',
  run: emptyOn,
};

export const demo: ServerModule = { endpoints: demoRoutes, jobs: [emptyingJob] };

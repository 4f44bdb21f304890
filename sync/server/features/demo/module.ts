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
 * The demo of `npm start`. That a database is one is written before anybody uses it, and never later: a server that was set up for
 * people has no such row, and everything here refuses it. In a demo everybody is made up, so that emptying it is the
 * erasure of each person and the removal of each kiosk, as an administrator would do it one after the other. What is in a
 * demo is made elsewhere (electron/cli/demo): it comes as the events of a kiosk, like everything else.
 */

/** Its place in `meta`. */
const KEY = 'demo';
const Demo = z.strictObject({
  state: z.enum(['filled', 'emptying', 'emptied']),
  /** The kiosk that is no machine: `npm start` speaks for it. */
  kiosk: Uuid,
  /** Account that asked for its end. */
  by: z.string().optional(),
});
type Demo = z.infer<typeof Demo>;

/** What is set as long as it is a demo. Nobody but its operator is there, whose kiosk may have no display; the made-up people work from nine. */
const SETTINGS = { watchScreens: 'on', workStartsAt: '09:00', graceMinutes: 15 } as const satisfies Partial<Policy>;
/** Seconds between two presences where people come and go as usual, not as in the clip. */
const USUAL_REPEAT_SECONDS = 60;
/** A kiosk that did not leave is asked again after this, ms. */
const ASKED_AGAIN_MS = 60_000;

async function readDemo(db: Db): Promise<Demo | null> {
  const row = await find(db, 'meta', { key: KEY }, ['value']);
  return row ? Demo.parse(JSON.parse(row.value)) : null;
}

async function writeDemo(db: Db, demo: Demo): Promise<void> {
  const value = JSON.stringify(demo);
  await upsert(db, 'meta', 'key', { key: KEY, value }, { value });
}

/** @returns whether it is the demo of this kiosk now */
export async function beginDemo(db: Db, kiosk: string, now: Date): Promise<boolean> {
  // The first who signs in has an account.
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

/** As `requireDemo`, until the transaction ends: who presses once more must not empty what was set up since. */
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
    // Nobody stands before it, so nothing there has to be destroyed first.
    if (await exists(tx, 'device', { id: demo.kiosk })) await revokeDevice(tx, demo.kiosk, now);
    await writeDemo(tx, { ...demo, state: 'emptying', by });
    notify('board', 'change');
  }),
];

const living = async (db: Db): Promise<string[]> => idsOf(await livingPeople(db).execute());

/**
 * Everybody is to be erased, and nothing that someone tried before holds it up: no legal hold, and no time in which a request
 * can be taken back. A person who comes while it goes on is erased as well, so it must not wait for weeks.
 *
 * @returns who it is about
 */
async function eraseEverybody(tx: Tx, keys: Keys, by: string, now: Date): Promise<string[]> {
  const people = await living(tx);
  for (const person of people) await requestErasure(tx, keys, { person, origin: 'staff', undoDays: 0 }, now);
  await update(tx, 'erasure', { state: 'requested', undo_until: above(now) }, { undo_until: now });
  for (const id of idsOf(await findAll(tx, 'retention_hold', { released_at: null }, ['id'])))
    await releaseHold(tx, id, by, now);
  return people;
}

/** Whether a kiosk is to be asked to leave: once, as it may take its time, and again where that came to nothing. */
async function isToBeAsked(tx: Tx, device: string, now: Date): Promise<boolean> {
  const last = await findLast(tx, 'fleet_command', { device, what: ['decommission', 'wipe'] }, 'asked_at');
  if (!last) return true;
  const open = last.outcome === 'started' || (last.outcome === null && last.expires_at > now);
  return !open && now.getTime() - last.asked_at.getTime() >= ASKED_AGAIN_MS;
}

/**
 * One step towards an empty server: everybody's erasure, then the end of every kiosk, then what stays of both elsewhere. Each
 * waits for the one before, as kiosks have to confirm; whatever it was broken off by, the next run goes on.
 */
async function emptyOn({ db, keys, modules, now, notify }: JobContext) {
  const report = await inTransaction(db, async (tx) => {
    const { by = 'operator' } = await lockDemo(tx);
    // Someone may have come since it was asked for.
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
 * What an erasure and the end of a kiosk leave on a server that goes on: records of nobody, the proof that someone was
 * erased, the kiosks themselves. Of made-up people nothing has to be proved. A person or kiosk that comes this very moment
 * stays: a row alone is no erasure.
 *
 * @param tables every one of the server: those that name a kiosk in a column `device` are emptied of it
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
  // In one statement: which of them refers to which is asked at its end.
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

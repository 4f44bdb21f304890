import { randomInt } from 'node:crypto';
import { hash } from '@node-rs/argon2';
import { v7 } from 'uuid';
import type { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import type { StaffBy } from '../../../protocol/api/staff.ts';
import { pinPepperId } from '../../../protocol/seal/pin-pepper.ts';
import type { NewFactor } from '../../../protocol/seal/technician-code.ts';
import { MAX_STAFF, StaffKeys, type StaffPin } from '../../../protocol/wire/changes.ts';
import type { Open, Personal, StaffRole } from '../../../protocol/wire/event.ts';
import { appendChanges, type NewChange } from '../../platform/changes/log.ts';
import type { ChangeOf, Reader } from '../../platform/changes/to-kiosks.ts';
import { lockName } from '../../platform/database/once.ts';
import {
  below,
  camelCase,
  find,
  findAll,
  findLocked,
  idsOf,
  insert,
  insertNew,
  remove,
  update,
} from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { queueMessages } from '../../platform/webhooks/queue.ts';
import { ARGON2 } from '../accounts/password.ts';
import { peppersChange } from '../credentials/pins.ts';

/**
 * Staff of one site's kiosks, or of all kiosks. Staff added here have one PIN, badge and second factor for all kiosks: one
 * authenticator app and one sheet of paper codes are enough, offline too. A code used or a PIN chosen at one kiosk is passed
 * on to the others. Of staff added at a single kiosk the server stores only name and role, to name them in what they did.
 */

/** How long a removed member's name is kept: longer than the minimum for the audit log, and until all kiosks have deleted it. */
export const REMEMBERED_DAYS = 400;

/** `scope` null: all kiosks. `device`: the kiosk that added them, null: added here. `keys` null: added by a kiosk, or removed. */
export type StaffRow = Awaited<ReturnType<typeof listStaff>>[number];

export const staffNamePlace = (id: string): Place => placeOf('staff.name', id);
/** The row's version changes with each change of the keys, so earlier keys can't be put back. */
export const staffKeysPlace = (id: string, rowVersion: number): Place => placeOf('staff.keys', id, { rowVersion });

/** Members who may unlock a kiosk, and removed ones that kiosks may still have. */
export async function listStaff(db: Db, keys: Keys) {
  const rows = await db
    .selectFrom('staff_member')
    .selectAll()
    .orderBy('removed_at', (o) => o.desc().nullsFirst())
    .orderBy('added_at')
    .orderBy('id')
    .execute();
  return rows.map(({ sealed, ...row }) => ({
    ...camelCase(row),
    name: String(keys.openJson(staffNamePlace(row.id), row.name)),
    keys: sealed && StaffKeys.parse(keys.openJson(staffKeysPlace(row.id, row.row_version), sealed)),
  }));
}

/** Returns names by id. @param ids ids that are not of staff are skipped */
export async function staffNames(
  db: Db,
  keys: Keys,
  ids: readonly (string | null | undefined)[],
): Promise<ReadonlyMap<string, string>> {
  const named = ids.filter((id) => typeof id === 'string');
  const wanted = [...new Set(named)].filter((id) => id !== 'emergency');
  const rows = await findAll(db, 'staff_member', { id: wanted }, ['id', 'name']);
  return new Map(rows.map(({ id, name }) => [id, String(keys.openJson(staffNamePlace(id), name))]));
}

/** Returns who did something, as the screens show it. Null: not a member of staff, or a kiosk that had no staff yet. */
export function actorOf(by: string | undefined | null, names: ReadonlyMap<string, string>): StaffBy | null {
  if (!by) return null;
  return by === 'emergency' ? { emergency: true, name: null } : { emergency: false, name: names.get(by) ?? null };
}

/** Makes a PIN for a member's first use. Slow by design: call before the transaction. @throws Problem `staff-pepper-missing` */
export async function makeStartPin(
  db: Db,
  keys: Keys,
): Promise<{ readonly pin: string; readonly kept: z.infer<typeof StaffPin> }> {
  const [pepper] = (await peppersChange(db, keys)).peppers;
  if (!pepper) throw new Problem('staff-pepper-missing');
  const secret = Buffer.from(pepper, 'base64url');
  const pin = String(randomInt(0, 10 ** 8)).padStart(8, '0');
  return {
    pin,
    kept: { id: v7(), pepper: pinPepperId(secret), hash: await hash(pin, { ...ARGON2, secret }), start: true },
  };
}

/**
 * Adds a member and notifies the kiosks.
 *
 * @param o `by`: account, or `operator`
 * @throws Problem `staff-exists`, `staff-too-many`, `staff-badge-taken`
 */
export async function addStaff(
  tx: Tx,
  keys: Keys,
  o: {
    readonly name: string;
    readonly role: StaffRole;
    readonly scope: string | null;
    readonly by: string;
    readonly badge: string | null;
    readonly pin: z.infer<typeof StaffPin>;
    readonly factor: NewFactor | null;
  },
  now: Date,
): Promise<string> {
  const { name, role, scope, by, badge, pin, factor } = o;
  const meeting = await meetingThem(tx, keys, scope);
  if (meeting.some((t) => t.name.toLocaleLowerCase() === name.toLocaleLowerCase())) throw new Problem('staff-exists');
  if (fullest(meeting, scope) >= MAX_STAFF) throw new Problem('staff-too-many', { max: MAX_STAFF });
  requireFree(meeting, badge);
  const id = v7();
  const sealed: StaffKeys = { pin, badge, factor: factor?.kept ?? null };
  await insert(tx, 'staff_member', {
    id,
    row_version: 1,
    scope,
    role,
    name: keys.sealJson(staffNamePlace(id), name),
    sealed: keys.sealJson(staffKeysPlace(id, 1), sealed),
    added_at: now,
    added_by: by,
  });
  await appendChanges(tx, [staffChanged(scope)], now);
  return id;
}

/** Returns members of the same kiosks. Locks: two additions at once would both find the last place, or the name, free. */
async function meetingThem(tx: Tx, keys: Keys, scope: string | null): Promise<StaffRow[]> {
  await lockName(tx, 'kiosk-staff');
  return (await listStaff(tx, keys)).filter(
    (t) => t.removedAt === null && t.device === null && (t.scope === null || scope === null || t.scope === scope),
  );
}

/** Refuses a badge that another member has. Case is ignored, as at kiosks. @throws Problem `staff-badge-taken` */
function requireFree(meeting: readonly StaffRow[], badge: string | null, except?: string): void {
  const key = badge?.toUpperCase();
  if (key !== undefined && meeting.some((one) => one.keys?.badge?.toUpperCase() === key && one.id !== except))
    throw new Problem('staff-badge-taken');
}

/** Returns the size of the largest list of staff, among the scopes that a new member of `scope` would be sent to. */
function fullest(there: readonly StaffRow[], scope: string | null): number {
  const byScope = Map.groupBy(there, (t) => t.scope);
  const countOf = (one: string | null) => byScope.get(one)?.length ?? 0;
  const scopes = scope === null ? [...byScope.keys()].filter((one) => one !== null) : [scope];
  return countOf(null) + Math.max(0, ...scopes.map(countOf));
}

/**
 * Removes a member. PIN, badge and codes are deleted here at once, and at each kiosk with its next change.
 *
 * @throws Problem `staff-unknown`, `staff-of-kiosk`
 */
export async function removeStaff(tx: Tx, id: string, by: string, now: Date): Promise<void> {
  const row = await tx
    .updateTable('staff_member')
    .set({ sealed: null, removed_at: now, removed_by: by })
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .where('device', 'is', null)
    .returning('scope')
    .executeTakeFirst();
  if (!row) throw await notHere(tx, id);
  await appendChanges(tx, [staffChanged(row.scope)], now);
}

async function notHere(db: Db, id: string): Promise<Problem> {
  const row = await find(db, 'staff_member', { id }, ['device', 'removed_at']);
  return row?.device && row.removed_at === null ? new Problem('staff-of-kiosk') : new Problem('staff-unknown');
}

/**
 * Gives a member another PIN, badge or second factor.
 *
 * @throws Problem `staff-unknown`, `staff-of-kiosk`, `staff-badge-taken`, `staff-no-factor`
 */
export async function resetStaff(
  tx: Tx,
  keys: Keys,
  id: string,
  to: Partial<{ pin: z.infer<typeof StaffPin>; badge: string | null; factor: NewFactor }>,
  now: Date,
): Promise<void> {
  const changed = await changeKeys(tx, keys, id, async (held, { scope, role }) => {
    if (to.factor && role !== 'technician') throw new Problem('staff-no-factor');
    if (to.badge !== undefined) requireFree(await meetingThem(tx, keys, scope), to.badge, id);
    return {
      pin: to.pin ?? held.pin,
      badge: to.badge === undefined ? held.badge : to.badge,
      factor: to.factor?.kept ?? held.factor,
    };
  });
  if (!changed) throw await notHere(tx, id);
  await appendChanges(tx, changed, now);
}

/** @param change returns a member's new keys, or null to keep them. @returns changes for kiosks; null: no such member here */
async function changeKeys(
  tx: Tx,
  keys: Keys,
  id: string,
  change: (held: StaffKeys, row: { scope: string | null; role: StaffRole }) => Promise<StaffKeys | null>,
): Promise<NewChange[] | null> {
  const row = await findLocked(tx, 'staff_member', { id }, ['scope', 'role', 'row_version', 'sealed']);
  if (!row?.sealed) return null;
  const held = StaffKeys.parse(keys.openJson(staffKeysPlace(id, row.row_version), row.sealed));
  const next = await change(held, row);
  if (!next) return [];
  const version = row.row_version + 1;
  const sealed = keys.sealJson(staffKeysPlace(id, version), next);
  await update(tx, 'staff_member', { id }, { row_version: version, sealed });
  return [staffChanged(row.scope)];
}

/**
 * Applies what a kiosk reports of its staff. A paper code used or a PIN chosen there is passed on to the other kiosks. Staff
 * that the kiosk itself added or removed are stored by name, for what they did. Each use of the emergency PIN is sent to
 * webhooks. A code already known as used, and a PIN that replaces another than the stored one, change nothing.
 *
 * @returns changes for kiosks
 */
export async function reportedStaff(
  tx: Tx,
  keys: Keys,
  event: {
    readonly id: string;
    readonly device: string;
    readonly scope: string;
    readonly open: Open<'staff'>;
    readonly personal: Personal<'staff'>;
  },
  at: Date,
): Promise<NewChange[]> {
  const { what, outcome, by, member, role, paper } = event.open;
  const { name, pin } = event.personal;
  if (what === 'enter' && outcome === 'done' && by === 'emergency')
    await queueMessages(tx, 'emergency-pin.used', [event.id], at);
  if (outcome !== 'done' || !member) return [];
  if (what === 'added' && role && name) {
    await insertNew(tx, 'staff_member', {
      id: member,
      row_version: 1,
      device: event.device,
      role,
      name: keys.sealJson(staffNamePlace(member), name),
      added_at: at,
      added_by: by ?? 'operator',
    });
    return [];
  }
  if (what === 'removed') {
    const own = { id: member, device: event.device, removed_at: null };
    await update(tx, 'staff_member', own, { removed_at: at, removed_by: by ?? 'operator' });
    return [];
  }
  const here = (row: { scope: string | null }) => row.scope === null || row.scope === event.scope;
  // Only the members themselves can change this, at a kiosk where they may unlock.
  if (by !== member) return [];
  if (what === 'enter' && paper)
    return (
      (await changeKeys(tx, keys, member, async ({ factor, ...held }, row) =>
        here(row) && factor?.paper.some(({ n }) => n === paper)
          ? { ...held, factor: { ...factor, paper: factor.paper.filter(({ n }) => n !== paper) } }
          : null,
      )) ?? []
    );
  if (what !== 'pin' || !pin) return [];
  const { replaces, ...chosen } = pin;
  const peppers = (await peppersChange(tx, keys)).peppers.map((p) => pinPepperId(Buffer.from(p, 'base64url')));
  if (!peppers.includes(chosen.pepper)) return [];
  return (
    (await changeKeys(tx, keys, member, async (held, row) =>
      here(row) && held.pin && maySet(held.pin, pin) ? { ...held, pin: { ...chosen, start: false } } : null,
    )) ?? []
  );
}

/**
 * A kiosk may be stolen, so it can set a member's PIN in only two cases: the member replaced the start PIN by one of their
 * own, or the same PIN was hashed again with a newer pepper.
 */
const maySet = (held: z.infer<typeof StaffPin>, said: NonNullable<Personal<'staff'>['pin']>): boolean =>
  held.id === said.replaces && (held.start || (said.id === held.id && said.pepper !== held.pepper));

/** Returns everyone who may unlock the kiosks of a scope. The audit log records that their PINs and secrets were sent. */
export async function staffForKiosks({ source: { db, keys }, scope, opened }: Reader): Promise<ChangeOf<'staff'>> {
  const staff = (await listStaff(db, keys))
    .filter((one) => one.keys !== null && (one.scope === null || one.scope === scope))
    .slice(0, MAX_STAFF)
    .map(({ id, name, role, keys: held }) => ({ id, name, role, ...held! }));
  opened.note('staff.keys', idsOf(staff));
  return { kind: 'staff', staff };
}

/** Deletes members who were removed long ago, including their names. @returns how many */
export function forgetStaff(tx: Tx, now: Date): Promise<number> {
  return remove(tx, 'staff_member', { removed_at: below(new Date(now.getTime() - REMEMBERED_DAYS * 86_400_000)) });
}

const staffChanged = (scope: string | null): NewChange => ({ kind: 'staff', ...(scope !== null && { site: scope }) });

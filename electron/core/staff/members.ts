import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { Problem } from '../../../sync/errors/problem.ts';
import { APP_DIGITS, paperHash } from '../../../sync/protocol/seal/technician-code.ts';
import { BadgeNumber, SecondFactor, Staff } from '../../../sync/protocol/wire/changes.ts';
import { PaperNumber, StaffRole } from '../../../sync/protocol/wire/event.ts';
import { badgeKey } from '../number-keys.ts';
import { storedPin } from '../pin/stored-pin.ts';
import { STAFF_OF_SERVER } from '../store/device-state.ts';
import type { Store } from '../store/interface.ts';
import { codeAt, stepsAround } from './totp.ts';

/**
 * The staff of this kiosk: members added here, and members of its server, which arrive with the log of changes. What was used
 * here (a code, a start PIN) is stored apart from both, so that nothing the server sends makes it valid again. All of this is
 * stored as settings, which are on disk under the store's key.
 */

const LOCAL = 'staff-members';
const USES = 'staff-uses';
/** For how many members uses are kept, including removed ones: a restored server may bring one back. */
const MOST_USES = 500;
/** Most members added at one kiosk. */
export const MAX_LOCAL = 50;

export interface Pin {
  /** Identifies one choice of a PIN: a newly chosen PIN replaces exactly one. */
  readonly id: string;
  readonly stored: string;
  /** True if it was generated for the member, who replaces it at first use. */
  readonly start: boolean;
}

const LocalPin = z.strictObject({ id: z.uuid(), stored: z.string().max(400), start: z.boolean() });
const LocalMember = z.strictObject({
  id: z.uuid().lowercase(),
  name: z.string().trim().min(1).max(60),
  role: StaffRole,
  pin: LocalPin.nullable(),
  badge: BadgeNumber.nullable(),
  factor: SecondFactor.nullable(),
});
export type LocalMember = z.infer<typeof LocalMember>;
const LocalMembers = z.array(LocalMember).max(MAX_LOCAL);

const Use = z.strictObject({
  id: z.uuid(),
  /** Newest time step whose code was accepted: neither it nor an earlier one is accepted again (RFC 6238 §5.2). */
  lastStep: z.number().int(),
  /** Paper codes that were accepted. */
  paper: z.array(PaperNumber),
  /** The PIN that the member chose here to replace another one, valid while that one is the latest known. */
  pin: LocalPin.extend({ replaces: z.uuid() }).optional(),
});
type Use = z.infer<typeof Use>;
const Uses = z.array(Use);

export interface Member extends LocalMember {
  readonly from: 'kiosk' | 'server';
  readonly lastStep: number;
}

type Settings = Pick<Store, 'settings'>;

/** Returns the members added at this kiosk, as stored. @throws Problem `staff-unreadable` */
export const localMembers = (store: Settings): LocalMember[] => parsed(store, LOCAL, LocalMembers);

export const keptLocal = (all: readonly LocalMember[]): Readonly<Record<string, string>> => ({
  [LOCAL]: JSON.stringify(all),
});

/** Returns everyone, without the codes and PINs used here. @throws Problem `staff-unreadable`: then no member gets in */
export function knownStaff(store: Settings): Member[] {
  const uses = new Map(parsed(store, USES, Uses).map((use) => [use.id, use]));
  const local = localMembers(store).map((one) => ({ ...one, from: 'kiosk' as const }));
  const server = parsed(store, STAFF_OF_SERVER, Staff).map(({ pin, ...one }) => ({
    ...one,
    pin: pin && { id: pin.id, stored: storedPin({ id: pin.id, pepper: pin.pepper, hash: pin.hash }), start: pin.start },
    from: 'server' as const,
  }));
  return [...local, ...server].map((one) => {
    const use = uses.get(one.id);
    const chosen = use?.pin && use.pin.replaces === one.pin?.id ? use.pin : null;
    return {
      ...one,
      pin: chosen ? { id: chosen.id, stored: chosen.stored, start: chosen.start } : one.pin,
      factor: one.factor && { ...one.factor, paper: one.factor.paper.filter(({ n }) => !use?.paper.includes(n)) },
      lastStep: use?.lastStep ?? 0,
    };
  });
}

/** @throws Problem `staff-unknown`, `staff-unreadable` */
export function memberOf(store: Settings, id: string): Member {
  const member = knownStaff(store).find((one) => one.id === id);
  if (!member) throw new Problem('staff-unknown');
  return member;
}

/** Finds a member by id, or by a name that only one has. @throws Problem `staff-unknown`, `staff-ambiguous` */
export function memberNamed<T extends { readonly id: string; readonly name: string }>(
  all: readonly T[],
  which: string,
): T {
  const found = all.filter(({ id, name }) => id === which.trim().toLowerCase() || sameName(name, which));
  if (found.length > 1) throw new Problem('staff-ambiguous');
  if (!found[0]) throw new Problem('staff-unknown');
  return found[0];
}

/** Returns ids of the server's members, for the kiosk's report; undefined if it never sent any; empty if they can't be read. */
export function idsOfServer(store: Settings): string[] | undefined {
  if (store.settings.get(STAFF_OF_SERVER) === null) return;
  try {
    return parsed(store, STAFF_OF_SERVER, Staff).map(({ id }) => id);
  } catch {
    return [];
  }
}

/** Returns what a member used, as settings for the transaction of the event that records it. */
export function keptUse(
  store: Settings,
  id: string,
  used: { readonly lastStep?: number; readonly paper?: number; readonly pin?: Pin & { readonly replaces: string } },
): Readonly<Record<string, string>> {
  const before = parsed(store, USES, Uses);
  const was = before.find((use) => use.id === id) ?? { id, lastStep: 0, paper: [] };
  const use: Use = {
    ...was,
    lastStep: used.lastStep ?? was.lastStep,
    paper: used.paper === undefined ? was.paper : [...new Set([...was.paper, used.paper])],
    ...(used.pin && { pin: used.pin }),
  };
  // Newest last: if there are too many, the oldest are dropped.
  return { [USES]: JSON.stringify([...before.filter((one) => one.id !== id), use].slice(-MOST_USES)) };
}

/** What a correct code uses up, or why it is not correct. */
export type Judgement = { readonly lastStep: number } | { readonly paper: number } | { readonly why: 'wrong' | 'used' };

/** @param now trusted time, ms since 1970 */
export function judgeCode({ factor, lastStep }: Member, code: string, now: number): Judgement {
  if (!factor) return { why: 'wrong' };
  if (code.length !== APP_DIGITS) {
    const hash = paperHash(code);
    const paper = factor.paper.find((one) => one.hash === hash);
    return paper ? { paper: paper.n } : { why: 'wrong' };
  }
  const secret = Buffer.from(factor.secret, 'base64url');
  // Every step is computed, even after a match: the time taken reveals nothing.
  const fits = stepsAround(now).filter((step) => sameText(codeAt(secret, step), code));
  if (fits.length === 0) return { why: 'wrong' };
  const fresh = fits.find((step) => step > lastStep);
  return fresh === undefined ? { why: 'used' } : { lastStep: fresh };
}

export const sameName = (a: string, b: string): boolean =>
  a.trim().toLocaleLowerCase() === b.trim().toLocaleLowerCase();
export const sameBadge = (a: string | null, b: string): boolean => a !== null && badgeKey(a) === badgeKey(b);
const sameText = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

function parsed<T>(store: Settings, setting: string, schema: z.ZodType<T[]>): T[] {
  const text = store.settings.get(setting);
  if (text === null) return [];
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Problem('staff-unreadable', { cause });
  }
}

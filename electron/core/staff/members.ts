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
 * Who is staff of this kiosk: those added at it, and those of its server, which the log of changes brings. What was used here
 * (a code, a start PIN) is kept apart from both, so that nothing that the server sends makes it count twice. All of it is
 * kept as settings, which are on disk under the store's key.
 */

const LOCAL = 'staff-members';
const USES = 'staff-uses';
/** Of how many members that is kept, removed ones too: a server that was restored may bring one back. */
const MOST_USES = 500;
/** Most members added at one kiosk. */
export const MAX_LOCAL = 50;

export interface Pin {
  /** Names the choice: a PIN that is chosen replaces exactly one. */
  readonly id: string;
  readonly stored: string;
  /** Made for the member, who replaces it when it is first used. */
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
  /** Newest time step whose code was taken: none of it or before is taken again (RFC 6238 §5.2). */
  lastStep: z.number().int(),
  /** Codes on paper that were taken. */
  paper: z.array(PaperNumber),
  /** The PIN that the member chose here to replace another one, for as long as that one is the latest known. */
  pin: LocalPin.extend({ replaces: z.uuid() }).optional(),
});
type Use = z.infer<typeof Use>;
const Uses = z.array(Use);

export interface Member extends LocalMember {
  readonly from: 'kiosk' | 'server';
  readonly lastStep: number;
}

type Settings = Pick<Store, 'settings'>;

/** Those added at this kiosk, as they are kept. @throws Problem `staff-unreadable` */
export const localMembers = (store: Settings): LocalMember[] => parsed(store, LOCAL, LocalMembers);

export const keptLocal = (all: readonly LocalMember[]): Readonly<Record<string, string>> => ({
  [LOCAL]: JSON.stringify(all),
});

/** Everyone, with what was used here taken off. @throws Problem `staff-unreadable`: then no member gets in */
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

/** By id, or by a name that only one has. @throws Problem `staff-unknown`, `staff-ambiguous` */
export function memberNamed<T extends { readonly id: string; readonly name: string }>(
  all: readonly T[],
  which: string,
): T {
  const found = all.filter(({ id, name }) => id === which.trim().toLowerCase() || sameName(name, which));
  if (found.length > 1) throw new Problem('staff-ambiguous');
  if (!found[0]) throw new Problem('staff-unknown');
  return found[0];
}

/** Ids of the server's members, for the kiosk's report; undefined: it never sent any. Unreadable ones let nobody in, as none do. */
export function idsOfServer(store: Settings): string[] | undefined {
  if (store.settings.get(STAFF_OF_SERVER) === null) return;
  try {
    return parsed(store, STAFF_OF_SERVER, Staff).map(({ id }) => id);
  } catch {
    return [];
  }
}

/** What was used of a member's, as settings for the transaction of the event that records it. */
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
  // The newest last: where there are too many the oldest are dropped.
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
  // All steps are computed, whichever fits: the time it takes says nothing.
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

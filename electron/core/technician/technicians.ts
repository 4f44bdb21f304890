import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { newPaper, PAPER_DIGITS, paperHash, SECRET_BYTES } from '../../../sync/protocol/seal/technician-code.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { Store } from '../store/interface.ts';
import { codeAt, stepsAround } from './totp.ts';

/**
 * Who may enter the technician's menu of this kiosk by having been enrolled at it; told.ts has those of the server. Each has a secret of their own, so that the record says who it was,
 * and codes on paper for when no code fits: another clock, a lost telephone. Kept as a setting, which lies on disk under
 * the store's key like everything else of it.
 */

const SETTING = 'technicians';
/** Each technician's codes are more to guess at. */
export const MAX_TECHNICIANS = 20;

export const TechnicianName = z.string().trim().min(1).max(60);
const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/);

const Technician = z.strictObject({
  id: z.uuid().lowercase(),
  name: TechnicianName,
  /** 20 bytes. */
  secret: base64url.length(27),
  /** The newest time step whose code was taken: none of it or before is taken again (RFC 6238 §5.2). */
  lastStep: z.number().int(),
  /** SHA-256 of the codes on paper that are left. Whoever reads this store has the secret too. */
  paper: z.array(base64url.length(43)),
  /** RFC 3339. */
  enrolledAt: z.iso.datetime({ precision: 3 }),
});
export type Technician = z.infer<typeof Technician>;
const Technicians = z.array(Technician).max(MAX_TECHNICIANS);

/** @throws Problem `technicians-unreadable`: then nobody gets in */
export function readTechnicians(store: Pick<Store, 'setting'>): readonly Technician[] {
  const text = store.setting(SETTING);
  if (text === null) return [];
  try {
    return Technicians.parse(JSON.parse(text));
  } catch (cause) {
    throw new Problem(
      'technicians-unreadable',
      'what this kiosk keeps of its technicians can’t be read',
      'Run `store check`; then enrol them again.',
      { cause },
    );
  }
}

/** As a setting, for the transaction of the event that tells of it. */
export const keptTechnicians = (all: readonly Technician[]): Readonly<Record<string, string>> => ({
  [SETTING]: JSON.stringify(all),
});

export interface NewTechnician {
  readonly all: readonly Technician[];
  readonly technician: Technician;
  readonly secret: Uint8Array;
  /** Told once. */
  readonly paper: readonly string[];
}

/**
 * @param random bytes of the system's generator
 * @throws Problem `technician-exists`, `technicians-too-many`
 */
export function addTechnician(
  all: readonly Technician[],
  { id, name, now, random }: { id: string; name: string; now: number; random: (bytes: number) => Uint8Array },
): NewTechnician {
  if (all.some((t) => sameName(t.name, name)))
    throw new Problem('technician-exists', `there is a technician ${name} already`, 'Remove them first.');
  if (all.length >= MAX_TECHNICIANS)
    throw new Problem(
      'technicians-too-many',
      `a kiosk has ${MAX_TECHNICIANS} technicians at most`,
      'Remove one first.',
    );
  const secret = random(SECRET_BYTES);
  const paper = newPaper(random);
  const technician = {
    id,
    name,
    secret: Buffer.from(secret).toString('base64url'),
    lastStep: 0,
    paper: paper.map(paperHash),
    enrolledAt: new Date(now).toISOString(),
  };
  return { all: [...all, technician], technician, secret, paper };
}

/** By name or id. @throws Problem `technician-unknown` */
export function removeTechnician(
  all: readonly Technician[],
  which: string,
): { readonly all: readonly Technician[]; readonly technician: Technician } {
  const technician = all.find((t) => t.id === which.toLowerCase() || sameName(t.name, which));
  if (!technician) throw new Problem('technician-unknown', `there is no technician ${which}`, 'See `technician list`.');
  return { all: all.filter((t) => t !== technician), technician };
}

/** What a code is judged by. */
export type Enrolled = Pick<Technician, 'id' | 'name' | 'secret' | 'lastStep' | 'paper'>;

/** Whose a typed code is, and what is kept so that it is taken once; or why it is nobody's. */
export type Judgement<T extends Enrolled = Technician> =
  | { readonly who: T; readonly all: readonly T[]; readonly by: 'app' | 'paper' }
  | { readonly who: null; readonly why: 'wrong' | 'used' | 'ambiguous' };

/**
 * @param now trusted time, ms since 1970
 */
export function judge<T extends Enrolled>(all: readonly T[], code: string, now: number): Judgement<T> {
  return code.length === PAPER_DIGITS ? judgePaper(all, code) : judgeApp(all, code, now);
}

function judgeApp<T extends Enrolled>(all: readonly T[], code: string, now: number): Judgement<T> {
  const steps = stepsAround(now);
  // All are looked at, however the first ones go: how long it takes tells nothing.
  const fits = all.flatMap((who) => {
    const secret = Buffer.from(who.secret, 'base64url');
    return steps.filter((step) => sameText(codeAt(secret, step), code)).map((step) => ({ who, step }));
  });
  if (fits.length === 0) return { who: null, why: 'wrong' };
  // Two people whose codes happen to be the same: nobody knows who it was.
  if (new Set(fits.map(({ who }) => who.id)).size > 1) return { who: null, why: 'ambiguous' };
  const fresh = fits.find(({ who, step }) => step > who.lastStep);
  if (!fresh) return { who: null, why: 'used' };
  return { ...kept(all, { ...fresh.who, lastStep: fresh.step }), by: 'app' };
}

function judgePaper<T extends Enrolled>(all: readonly T[], code: string): Judgement<T> {
  const hash = paperHash(code);
  const who = all.find((t) => t.paper.includes(hash));
  if (!who) return { who: null, why: 'wrong' };
  return { ...kept(all, { ...who, paper: who.paper.filter((one) => one !== hash) }), by: 'paper' };
}

const kept = <T extends Enrolled>(all: readonly T[], who: T) => ({
  who,
  all: all.map((t) => (t.id === who.id ? who : t)),
});

const sameName = (a: string, b: string): boolean => a.toLocaleLowerCase() === b.trim().toLocaleLowerCase();
const sameText = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

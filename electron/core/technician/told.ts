import { z } from 'zod';
import { type ToldTechnician, ToldTechnicians } from '../../../sync/protocol/wire/changes.ts';
import { PaperNumber } from '../../../sync/protocol/wire/event.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { Store } from '../store/interface.ts';
import { TOLD_TECHNICIANS } from '../store/told.ts';
import { type Enrolled, keptTechnicians, readTechnicians, type Technician } from './technicians.ts';

/**
 * Technicians of the server: added in the console for the kiosks of a site, told by its log of changes, and gone from here with
 * the change that leaves them out. What was used of theirs at this kiosk is kept apart from what the server tells, so that
 * nothing that it tells makes a code count twice here; what was used at other kiosks the server leaves out.
 */

const USES = 'technician-uses';
/** Of how many technicians that is kept, those of before too: one may be told again by a server that was put back. */
const MOST_USES = 200;

const Use = z.strictObject({
  id: z.uuid(),
  /** Newest time step whose code was taken. */
  lastStep: z.number().int(),
  /** Codes on paper that were taken. */
  paper: z.array(PaperNumber),
});
type Use = z.infer<typeof Use>;
const Uses = z.array(Use);

/** One who may enter: of this kiosk, or of the server. */
export type Known =
  | (Technician & { readonly told: null })
  /** As the server told them. */
  | (Enrolled & { readonly told: ToldTechnician });

type Settings = Pick<Store, 'setting'>;

/** What the server told, less what was used here. @throws Problem `technicians-unreadable` */
export function readTold(store: Settings): Known[] {
  const uses = new Map(parsed(store, USES, Uses).map((use) => [use.id, use]));
  return parsed(store, TOLD_TECHNICIANS, ToldTechnicians).map((told) => {
    const { lastStep = 0, paper: used = [] } = uses.get(told.id) ?? {};
    const left = told.paper.filter(({ n }) => !used.includes(n));
    return { ...told, lastStep, paper: left.map(({ hash }) => hash), told };
  });
}

/** Whom the server told, for its report; null: it never did. Those that can't be read enter as little as none. */
export function idsTold(store: Settings): readonly string[] | null {
  if (store.setting(TOLD_TECHNICIANS) === null) return null;
  try {
    return readTold(store).map(({ id }) => id);
  } catch {
    return [];
  }
}

/** All who may enter here. @throws Problem `technicians-unreadable`: then nobody does */
export const knownTechnicians = (store: Settings): Known[] => [
  ...readTechnicians(store).map((one) => ({ ...one, told: null })),
  ...readTold(store),
];

/**
 * That a code was used, as settings for the transaction of the event that tells of it.
 *
 * @param all as judged: with what is left of each
 */
export function keptUse(
  store: Settings,
  who: Known,
  all: readonly Known[],
): { readonly settings: Readonly<Record<string, string>>; readonly paper: number | null } {
  if (!who.told) return { settings: keptTechnicians(all.flatMap(ofKiosk)), paper: null };
  const before = parsed(store, USES, Uses);
  const was = before.find(({ id }) => id === who.id) ?? { id: who.id, lastStep: 0, paper: [] };
  const gone = who.told.paper.filter(({ hash }) => !who.paper.includes(hash)).map(({ n }) => n);
  const paper = gone.find((n) => !was.paper.includes(n)) ?? null;
  const use: Use = { id: who.id, lastStep: who.lastStep, paper: [...new Set([...was.paper, ...gone])] };
  // The newest last: where there are too many the oldest go.
  const uses = [...before.filter(({ id }) => id !== who.id), use].slice(-MOST_USES);
  return { settings: { [USES]: JSON.stringify(uses) }, paper };
}

/** As they are kept: without what only this file adds. */
function ofKiosk(one: Known): Technician[] {
  if (one.told !== null) return [];
  const { told: _, ...kept } = one;
  return [kept];
}

function parsed<T>(store: Settings, setting: string, schema: z.ZodType<T[]>): T[] {
  const text = store.setting(setting);
  if (text === null) return [];
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Problem(
      'technicians-unreadable',
      'what this kiosk keeps of the server’s technicians can’t be read',
      'Run `store check`; then remove and add them in the console.',
      { cause },
    );
  }
}

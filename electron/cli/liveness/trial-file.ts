import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, replaceFile } from '../../../sync/disk/replace.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { TrialSystem } from '../../core/commands/liveness-trial.ts';

const Day = z.iso.date();
/** A kind of instrument, or `participant-N` for a person's own face. */
const Series = z.string().regex(/^[a-z0-9][a-z0-9-]{0,40}$/);

/**
 * A trial as it is stored: only numbers. It contains no picture, name or time of day, so nothing reveals who participant 3 was.
 */
const Trial = z.strictObject({
  format: z.literal(1),
  place: z.string().min(1).max(200),
  /** First and last day. */
  from: Day,
  until: Day,
  system: TrialSystem,
  plan: z.strictObject({
    participants: z.number().int().min(1).max(1_000),
    each: z.number().int().min(1).max(100),
    attacks: z.array(Series).max(50),
    attempts: z.number().int().min(1).max(1_000),
  }),
  /** Series whose people have agreed to take part or to be imitated, and series that were declined. */
  agreed: z.array(Series),
  declined: z.array(Series),
  /** How many presentations were undone: the report says so, or results could be picked. */
  undone: z.number().int().nonnegative(),
  /** In order, newest last. */
  presentations: z.array(
    z.strictObject({
      series: Series,
      outcome: z.enum(['passed', 'failed', 'no-response']),
      reason: z.string().max(60).nullable(),
      seconds: z.number().nonnegative(),
    }),
  ),
});
export type Trial = z.infer<typeof Trial>;

export const isSeries = (name: string): boolean => Series.safeParse(name).success;

export const isParticipant = (series: string): boolean => /^participant-\d+$/.test(series);

export const seriesOf = ({ plan }: Trial): readonly { readonly series: string; readonly planned: number }[] => [
  ...Array.from({ length: plan.participants }, (_, i) => ({ series: `participant-${i + 1}`, planned: plan.each })),
  ...plan.attacks.map((series) => ({ series, planned: plan.attempts })),
];

export const doneOf = ({ presentations }: Trial, series: string): number =>
  presentations.filter((one) => one.series === series).length;

const fileOf = (folder: string): string => join(folder, 'trial.json');

/** Reads a trial; null if none was started in the folder. @throws Problem `trial-not-usable` */
export function readTrial(folder: string): Trial | null {
  const file = fileOf(folder);
  const bytes = readIfThere(file);
  if (!bytes) return null;
  try {
    return Trial.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw new Problem('trial-not-usable', { file, why: 'it is not a trial of this version', cause });
  }
}

/** Writes the file atomically after each presentation, so that an interruption loses none that was judged. */
export function writeTrial(folder: string, trial: Trial): void {
  mkdirSync(folder, { recursive: true });
  replaceFile(fileOf(folder), `${JSON.stringify(trial, null, 2)}\n`);
}

/** Results of two different systems must not be mixed. @throws Problem `trial-not-usable` */
export function requireSame(folder: string, { system }: Trial, now: TrialSystem): void {
  const differs = (Object.keys(system) as (keyof TrialSystem)[]).filter((key) => system[key] !== now[key]);
  if (differs.length === 0) return;
  const why = differs.map((key) => `${key} was ${system[key]} and is ${now[key]}`).join(', ');
  throw new Problem('trial-not-usable', { file: fileOf(folder), why });
}

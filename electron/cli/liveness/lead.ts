import type { PresentedLine, TrialSystem } from '../../core/commands/liveness-trial.ts';
import { SPECIES, speciesName } from './attacks.ts';
import { doneOf, isParticipant, requireSame, seriesOf, type Trial, writeTrial } from './trial-file.ts';

export interface LeadDeps {
  readonly folder: string;
  /** Asks the person who leads the trial for one line; null at the end of input. */
  readonly ask: (question: string) => Promise<string | null>;
  readonly say: (text: string) => void;
  /** Runs one presentation at the kiosk's camera; null: it was not waited for. */
  readonly present: () => Promise<PresentedLine | null>;
  /** Today, `YYYY-MM-DD`. */
  readonly today: () => string;
}

const KEYS = 'Enter: present; s: another series; u: undo the last; e: stop > ';

/**
 * Leads through the presentations that a trial still lacks. Each is saved as soon as it is judged. Ends when all are done, with
 * the answer `e`, or at the end of input.
 */
export async function lead(trial: Trial, deps: LeadDeps): Promise<void> {
  const { folder, ask, say } = deps;
  const keep = () => {
    trial.until = deps.today();
    writeTrial(folder, trial);
  };
  let skipped = new Set<string>();
  for (;;) {
    const open = seriesOf(trial).filter(
      ({ series, planned }) => !trial.declined.includes(series) && doneOf(trial, series) < planned,
    );
    if (open.length === 0) return say('Everything planned has been done.');
    if (open.every(({ series }) => skipped.has(series))) skipped = new Set();
    const { series, planned } = open.find((one) => !skipped.has(one.series))!;
    if (!trial.agreed.includes(series)) {
      const answer = await ask(consentQuestion(series));
      if (answer === null || answer === 'e') return;
      if (answer === 'yes') trial.agreed.push(series);
      else if (answer === 'no') trial.declined.push(series);
      else say('Please answer yes or no, or e to stop.');
      keep();
      continue;
    }
    say(`\n${titleOf(series)}: ${doneOf(trial, series) + 1} of ${planned}. ${howTo(series)}`);
    const answer = await ask(KEYS);
    if (answer === null || answer === 'e') return;
    if (answer === 's') skipped.add(series);
    else if (answer === 'u') {
      const last = trial.presentations.pop();
      if (last) trial.undone++;
      say(last ? `Undone: ${titleOf(last.series)}, ${last.outcome}.` : 'There is nothing to undo.');
      keep();
    } else if (answer === '') {
      const line = await deps.present();
      if (!line) return;
      const { system, ...presented } = line;
      requireSame(folder, trial, system satisfies TrialSystem);
      trial.presentations.push({ series, ...presented, seconds: Math.round(presented.seconds * 10) / 10 });
      keep();
      say(`${presented.outcome}${presented.reason ? ` (${presented.reason})` : ''}. Step out of the picture.`);
    }
  }
}

const titleOf = (series: string): string =>
  isParticipant(series) ? series.replace('-', ' ').replace('p', 'P') : speciesName(series);

function howTo(series: string): string {
  if (isParticipant(series)) return 'Step in front of the kiosk and do what the screen asks.';
  return `${SPECIES[series]?.present ?? 'Present it as the screen asks.'} Take turns with the instruments of this kind.`;
}

const consentQuestion = (series: string): string =>
  isParticipant(series)
    ? `\n${titleOf(series)}: have they read what the trial does, and agreed to take part? yes/no > `
    : `\n${titleOf(series)}: has everyone whose face these instruments show agreed to be imitated? yes/no > `;

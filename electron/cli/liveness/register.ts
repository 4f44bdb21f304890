import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Command } from '@commander-js/extra-typings';
import { type LivenessStrength, STRENGTHS } from '../../../models/rules/liveness/challenge.ts';
import { replaceFile } from '../../../sync/disk/replace.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { livenessTrial, type PresentedLine, type TrialSystem } from '../../core/commands/liveness-trial.ts';
import { kioskHome } from '../../core/paths.ts';
import { oneOf, wholeNumber } from '../options.ts';
import { printable } from '../output.ts';
import { type CommandSession, openCommands } from '../store-command.ts';
import { attackList, SPECIES } from './attacks.ts';
import { lead } from './lead.ts';
import { reportOf, reportText } from './report.ts';
import { isParticipant, isSeries, readTrial, requireSame, type Trial, writeTrial } from './trial-file.ts';

const TRIAL_HELP = `
Leads through presentations at the camera of the kiosk that runs on this machine: people with their own faces, and attacks
by kind of instrument. During the trial, faces check no one in, and only numbers are recorded: FOLDER/trial.json after
each presentation, FOLDER/report.md and report.json at the end. The same command with the same folder continues where it stopped.

It reads lines: empty for the next presentation, s for another series, u to undo the last, e to stop; yes or no where it
asks for consent. Without a further presentation faces check in again after ten minutes.`;

interface TrialOptions {
  readonly place?: string | undefined;
  readonly strength?: LivenessStrength | undefined;
  readonly participants: number;
  readonly each: number;
  readonly attacks: string;
  readonly attempts: number;
  readonly seconds: number;
}

/** `liveness attacks`, `liveness trial`, `liveness report`: on the kiosk's machine. */
export function registerLiveness(program: Command): void {
  const liveness = program
    .command('liveness')
    .description('Try this kiosk’s liveness check on site, and report the result.');
  liveness
    .command('attacks')
    .description('Print the attack list: which instruments to make, and how to present them.')
    .action(() => void process.stdout.write(`${attackList()}\n`));
  liveness
    .command('trial')
    .description('Lead through a trial at the running kiosk’s camera.')
    .argument('<folder>', 'folder for the results and the report')
    .option('--place <text>', 'where the kiosk is, for the report (needed once)')
    .option('--strength <strength>', `${STRENGTHS.join(', ')} (default: the site’s policy)`, oneOf(STRENGTHS))
    .option('--participants <n>', 'how many people take part', wholeNumber(1, 1_000), 10)
    .option('--each <n>', 'presentations per person', wholeNumber(1, 100), 5)
    .option('--attacks <list>', 'kinds of instruments, comma-separated', Object.keys(SPECIES).join(','))
    .option('--attempts <n>', 'presentations per kind', wholeNumber(1, 1_000), 20)
    .option('--seconds <n>', 'how long a presentation may take', wholeNumber(1, 300), 60)
    .addHelpText('after', TRIAL_HELP)
    .action(runTrial);
  liveness
    .command('report')
    .description('Write the report of a trial again, and print it.')
    .argument('<folder>', 'of the trial')
    .option('--json', 'one JSON object')
    .action((folder, { json }) => {
      const trial = readTrial(folder);
      if (!trial) throw new Problem('file-not-found', { path: join(folder, 'trial.json') });
      const report = writeReport(folder, trial);
      process.stdout.write(json ? `${JSON.stringify(report)}\n` : printable(reportText(report)));
    });
}

function writeReport(folder: string, trial: Trial) {
  const report = reportOf(trial);
  replaceFile(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`, { mode: 0o644 });
  replaceFile(join(folder, 'report.md'), reportText(report), { mode: 0o644 });
  return report;
}

async function runTrial(folder: string, options: TrialOptions): Promise<void> {
  const before = readTrial(folder);
  if (!before && !options.place)
    throw new Problem('arguments-wrong', { reason: '--place is missing: say where the kiosk is' });
  const strength = options.strength ?? before?.system.strength ?? null;
  const session = await openCommands(kioskHome());
  try {
    // Before reading lines, since this may ask for the PIN.
    const system = (await answerOf<TrialSystem>(session, { action: 'begin', strength }))!;
    try {
      const trial = before ?? begin(folder, options, system);
      requireSame(folder, trial, system);
      await leadThrough(folder, trial, () =>
        answerOf<PresentedLine>(session, { action: 'present', strength: system.strength, seconds: options.seconds }),
      );
    } finally {
      await answerOf(session, { action: 'end' });
    }
  } finally {
    await session.close();
  }
}

async function answerOf<T>(session: CommandSession, args: unknown): Promise<T | null> {
  let answer: T | null = null;
  await session.run(livenessTrial, args, {
    line: (value) => {
      answer = value as T;
    },
    progress: () => undefined,
  });
  return answer;
}

const today = (): string => new Date().toISOString().slice(0, 10);

function begin(folder: string, options: TrialOptions, system: TrialSystem): Trial {
  const { participants, each, attempts } = options;
  const attacks = [...new Set(options.attacks.split(',').filter((id) => id !== ''))];
  const wrong = attacks.find((id) => !isSeries(id) || isParticipant(id));
  if (wrong !== undefined)
    throw new Problem('arguments-wrong', {
      reason: `--attacks: ${wrong}: a name has small letters, digits and hyphens`,
    });
  const trial: Trial = {
    format: 1,
    place: options.place!,
    from: today(),
    until: today(),
    system,
    plan: { participants, each, attacks, attempts },
    agreed: [],
    declined: [],
    undone: 0,
    presentations: [],
  };
  writeTrial(folder, trial);
  return trial;
}

async function leadThrough(folder: string, trial: Trial, present: () => Promise<PresentedLine | null>): Promise<void> {
  const terminal = process.stdin.isTTY === true;
  const reader = createInterface({ input: process.stdin, ...(terminal && { output: process.stdout }) });
  const lines = reader[Symbol.asyncIterator]();
  const say = (text: string) => void process.stdout.write(`${printable(text)}\n`);
  try {
    await lead(trial, {
      folder,
      say,
      present,
      today,
      async ask(question) {
        process.stdout.write(question);
        const { value, done } = await lines.next();
        if (!terminal) process.stdout.write('\n');
        return done ? null : value.trim().toLowerCase();
      },
    });
  } finally {
    reader.close();
    writeReport(folder, trial);
    say(`Results and report: ${folder}`);
  }
}

import { type Command, InvalidArgumentError } from 'commander';
import { command } from '../../../sync/disk/program.ts';
import type { RingId, RolloutStep } from '../../../sync/protocol/api/rollouts.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { ResultOf } from '../../../sync/server/app/operations.ts';
import { ask } from '../ask.ts';
import { EXIT, EXIT_HELP } from '../exit-codes.ts';
import { operate } from '../server/environment.ts';
import { actionLine, buildLine, kioskLine, ringLine, rolloutLine, stepText } from './text.ts';

type Rollout = ResultOf<'rollout list'>[number];

const HOW = `
A rollout goes out step by step: canary kiosks first (rollout rings), then shares of all by a stable hash. It stops by
itself when kiosks go back to the build before or never come healthy. See docs/operate/rollouts.md.`;
const STANDS = 'stopped by itself, or waits because kiosks failed or none of a step was heard of.';
const IN_FORCE = 'id of a rollout; without it the one in force';
const RINGS: readonly RingId[] = ['canary', 'early', 'all'];

/** `rollout start|list|show|builds|pause|resume|advance|roll-back|rings|ring`: on the server. */
export function registerRollout(program: Command): void {
  const rollout = program
    .command('rollout')
    .description('On the server: a build goes out to the kiosks, step by step.');
  registerStart(rollout);
  registerReading(rollout);
  registerActs(rollout);
  registerRings(rollout);
}

interface StartOptions {
  readonly step?: RolloutStep[];
  readonly manual?: boolean;
  readonly urgent?: boolean;
  readonly trial?: number;
  readonly stopAt?: { kiosks: number; percent: number };
  readonly json?: boolean;
}

function registerStart(rollout: Command): void {
  rollout
    .command('start')
    .description('Begin to roll out a version that the repository of builds has.')
    .argument('<version>', 'as `rollout builds` lists it')
    .option('--step <ring[:percent][@hours]>', 'a step, e.g. canary@24, all:10@24, all; may be given again', steps)
    .option('--manual', 'wait for `rollout advance` after each step')
    .option('--urgent', 'at any hour, whatever the maintenance windows of sites say')
    .option('--trial <minutes>', 'how long a new build has to prove itself (default: 10)', number(2, 60))
    .option(
      '--stop-at <kiosks:percent>',
      'stop by itself when so many, and so large a share, failed (default: 2:20)',
      stopAt,
    )
    .option('--json', 'one JSON object, as `rollout list` has it')
    .addHelpText(
      'after',
      `${HOW}
Without --step: canary and early (where the rings have kiosks), 10 %, 50 %, everybody, with 24 hours after each.
Refused where the repository has no such build, its metadata have ended, or every kiosk runs it already.${EXIT_HELP}`,
    )
    .action(async (version: string, o: StartOptions) => {
      const made = await operate('rollout start', {
        version,
        ...(o.step && { steps: o.step }),
        ...(o.manual && { automatic: false }),
        ...(o.urgent && { urgent: true }),
        ...(o.trial && { trialMinutes: o.trial }),
        ...(o.stopAt && { stopAt: o.stopAt }),
      });
      print(o.json, made, `${rolloutLine(made)}\n${made.steps.map(stepText).join('\n')}`);
    });
}

function registerReading(rollout: Command): void {
  rollout
    .command('list', { isDefault: true })
    .description('Rollouts, newest first: the one in force, if there is one, is the first.')
    .option('--json', 'one JSON object a line: {"id","version","state","step","steps","counts","waitsFor",…}')
    .addHelpText('after', `\nExit code 1 when the one in force ${STANDS}${EXIT_HELP}`)
    .action(async (o: { json?: boolean }) => {
      const all = await operate('rollout list', {});
      for (const one of all) print(o.json, one, rolloutLine(one));
      if (all.length === 0 && !o.json) process.stdout.write('No version was rolled out yet.\n');
      process.exitCode = attention(all[0]);
    });
  rollout
    .command('show')
    .description('One rollout: its steps, what was done with it, and how far each kiosk is.')
    .argument('[id]', IN_FORCE)
    .option('--json', 'one JSON object: {"rollout","kiosks","history"}')
    .addHelpText('after', `\nExit code 1 when it ${STANDS}${EXIT_HELP}`)
    .action(async (id: string | undefined, o: { json?: boolean }) => {
      const found = await operate('rollout show', { ...(id && { rollout: id }) });
      const { rollout: one, kiosks, history } = found;
      const steps = one.steps.map(
        (step, i) => `${i === one.step && one.endedAt === null ? '> ' : '  '}${stepText(step)}`,
      );
      print(
        o.json,
        found,
        [rolloutLine(one), ...steps, '', ...kiosks.map(kioskLine), '', ...history.map(actionLine)].join('\n'),
      );
      process.exitCode = attention(one);
    });
  rollout
    .command('builds')
    .description('What the repository of builds (SMARTPRESENCE_UPDATES) lists, newest first.')
    .option('--json', 'one JSON object: {"configured","builds","expires","problem"}')
    .addHelpText('after', `\nExit code 1 when there is none, or it can't be read.${EXIT_HELP}`)
    .action(async (o: { json?: boolean }) => {
      const found = await operate('rollout builds', {});
      const ends = found.expires ? [`Its metadata end at ${found.expires}.`] : [];
      const why = found.configured
        ? (found.problem ?? 'It has no builds.')
        : 'No repository is configured: set SMARTPRESENCE_UPDATES.';
      const lines = found.builds.length > 0 ? found.builds.map(buildLine) : [why];
      print(o.json, found, [...lines, ...ends].join('\n'));
      process.exitCode = found.builds.length > 0 ? EXIT.ok : EXIT.attention;
    });
}

function registerActs(rollout: Command): void {
  const act = (name: 'pause' | 'advance', description: string) =>
    rollout
      .command(name)
      .description(description)
      .argument('[id]', IN_FORCE)
      .option('--json', 'one JSON object, as `rollout list` has it')
      .addHelpText('after', EXIT_HELP)
      .action(async (id: string | undefined, o: { json?: boolean }) => {
        const done = await operate(`rollout ${name}`, { ...(id && { rollout: id }) });
        print(o.json, done, rolloutLine(done));
      });
  act('pause', 'Start the update on no further kiosk; those that have begun finish.');
  act('advance', 'Go to the next step now, without waiting for the soak time.');
  rollout
    .command('resume')
    .description('Go on, from the step where it is; failures up to now count no more.')
    .argument('[id]', IN_FORCE)
    .option('--retry', 'kiosks on which it failed try it once more')
    .option('--json', 'one JSON object, as `rollout list` has it')
    .addHelpText('after', EXIT_HELP)
    .action(async (id: string | undefined, o: { retry?: boolean; json?: boolean }) => {
      const done = await operate('rollout resume', { ...(id && { rollout: id }), retry: o.retry ?? false });
      print(o.json, done, rolloutLine(done));
    });
  rollout
    .command('roll-back')
    .description('Every kiosk that has it goes back to the build before it.')
    .argument('[id]', IN_FORCE)
    .option('--yes', 'without asking')
    .option('--json', 'one JSON object, as `rollout list` has it')
    .addHelpText('after', EXIT_HELP)
    .action(async (id: string | undefined, o: { yes?: boolean; json?: boolean }) => {
      if (!o.yes) {
        const { rollout: one } = await operate('rollout show', { ...(id && { rollout: id }) });
        const answer = await ask(`Roll ${one.version} back everywhere? Type the version: `);
        if (answer.trim() !== one.version) {
          process.stderr.write('Nothing was done.\n');
          process.exitCode = EXIT.attention;
          return;
        }
      }
      const done = await operate('rollout roll-back', { ...(id && { rollout: id }) });
      print(o.json, done, rolloutLine(done));
    });
}

function registerRings(rollout: Command): void {
  rollout
    .command('rings')
    .description('Groups of kiosks that get a build one after the other; with a device and a ring, puts it there.')
    .argument('[device]', 'id of a device, see `device list`')
    .argument('[ring]', 'canary, early or all')
    .option('--name <ring=name>', 'call a ring otherwise; `canary=` by its own name again', named)
    .option('--json', 'one JSON object a line: {"id","name","count","kiosks"}')
    .addHelpText('after', EXIT_HELP)
    .action(
      async (
        device: string | undefined,
        ring: string | undefined,
        o: { name?: { ring: RingId; name: string | null }; json?: boolean },
      ) => {
        if ((device === undefined) !== (ring === undefined) || (device !== undefined && o.name))
          throw new Problem(
            'arguments-wrong',
            'A device and its ring belong together, and --name stands alone.',
            `See ${command('rollout rings --help')}`,
          );
        const rings =
          device !== undefined
            ? await operate('rollout ring put', { device, ring: ringOf(ring!) })
            : await (o.name ? operate('rollout ring name', o.name) : operate('rollout rings', {}));
        for (const one of rings) print(o.json, one, ringLine(one));
      },
    );
}

/** It stopped by itself, or goes no further until someone does something. */
const attention = (one: Rollout | undefined) =>
  one?.state === 'stopped' || one?.waitsFor === 'failures' || one?.waitsFor === 'contact' ? EXIT.attention : EXIT.ok;

function print(json: boolean | undefined, value: unknown, sentence: string): void {
  process.stdout.write(`${json ? JSON.stringify(value) : sentence}\n`);
}

function ringOf(text: string): RingId {
  const found = RINGS.find((ring) => ring === text);
  if (!found)
    throw new Problem('arguments-wrong', `There is no ring ${text}.`, `A ring is one of ${RINGS.join(', ')}.`);
  return found;
}

/** `canary@24`, `all:10@24`, `all`. */
function steps(text: string, before: RolloutStep[] = []): RolloutStep[] {
  const [, ring, percent = '100', hours = '0'] = /^([a-z]+)(?::(\d{1,3}))?(?:@(\d{1,4}(?:\.\d)?))?$/.exec(text) ?? [];
  if (ring === undefined) throw new InvalidArgumentError('like canary@24, all:10@24 or all');
  return [...before, { ring: ringOf(ring), percent: Number(percent), soakHours: Number(hours) }];
}

function stopAt(text: string): { kiosks: number; percent: number } {
  const [, kiosks, percent] = /^(\d{1,4}):(\d{1,3})$/.exec(text) ?? [];
  if (kiosks === undefined) throw new InvalidArgumentError('like 2:20');
  return { kiosks: Number(kiosks), percent: Number(percent) };
}

function named(text: string): { ring: RingId; name: string | null } {
  const at = text.indexOf('=');
  if (at < 0) throw new InvalidArgumentError('like canary=Test bench');
  return { ring: ringOf(text.slice(0, at)), name: text.slice(at + 1).trim() || null };
}

function number(least: number, most: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`a number from ${least} to ${most}`);
    return value;
  };
}

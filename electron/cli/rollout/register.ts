import type { Command } from '@commander-js/extra-typings';
import { InvalidArgumentError } from 'commander';
import type { z } from 'zod';
import { Problem } from '../../../sync/errors/problem.ts';
import type {
  RepositoryBuild,
  Ring,
  Rollout,
  RolloutAction,
  RolloutKiosk,
} from '../../../sync/protocol/api/rollouts.ts';
import * as api from '../../../sync/protocol/api/rollouts.ts';
import type { Call } from '../../../sync/server/app/operator-socket.ts';
import { ask } from '../ask.ts';
import { EXIT } from '../exit-codes.ts';
import { oneOf, wholeNumber } from '../options.ts';
import { print, printEach } from '../output.ts';
import { all, asOperator, call, everyItem } from '../server/environment.ts';

const HOW = `
A rollout goes step by step: first the canary kiosks (rollout rings), then growing shares of all kiosks. It stops
automatically when kiosks go back to their previous build or don't become healthy. See docs/operate/rollouts.md.`;
const STANDS = 'stopped automatically, or is waiting because kiosks failed or none of a step has connected.';
const IN_FORCE = 'rollout ID (default: the current one)';
const RINGS: readonly api.RingId[] = ['canary', 'early', 'all'];

/** `rollout start|list|show|builds|pause|resume|advance|roll-back|rings|ring`: on the server. */
export function registerRollout(program: Command): void {
  const rollout = program.command('rollout').description('On the server: roll out a build to kiosks, step by step.');
  registerStart(rollout);
  registerReading(rollout);
  registerActs(rollout);
  registerRings(rollout);
}

function registerStart(rollout: Command): void {
  rollout
    .command('start')
    .description('Start rolling out a version from the build repository.')
    .argument('<version>', 'version to roll out, see `rollout builds`')
    .option('--step <ring[:percent][@hours]>', 'a step, e.g. canary@24, all:10@24, all; repeatable', steps)
    .option('--manual', 'wait for `rollout advance` after each step')
    .option('--urgent', 'ignore maintenance windows')
    .option('--trial <minutes>', 'trial period of a new build (default: 10)', wholeNumber(2, 60))
    .option(
      '--stop-at <kiosks:percent>',
      'stop when at least this many kiosks and this share have failed (default: 2:20)',
      stopAt,
    )
    .option('--json', 'one JSON object, as in `rollout list`')
    .addHelpText(
      'after',
      `${HOW}
Without --step: canary and early (if these rings have kiosks), 10 %, 50 %, everyone, with 24 hours after each.
Fails if the repository has no such build, its metadata has expired, or every kiosk already runs the build.`,
    )
    .action(async (version, o) => {
      const made = await call(api.startRollout, {
        body: {
          version,
          steps: o.step,
          automatic: !o.manual,
          urgent: o.urgent,
          trialMinutes: o.trial,
          stopAt: o.stopAt,
        },
      });
      print(o.json, made, `${rolloutLine(made)}\n${made.steps.map(stepText).join('\n')}`);
    });
}

function registerReading(rollout: Command): void {
  rollout
    .command('list', { isDefault: true })
    .description('List rollouts, newest first. One in progress comes first.')
    .option('--json', 'one JSON object per line: {"id","version","state","step","steps","counts","waitsFor",…}')
    .addHelpText('after', `\nExit code 1 when the current one ${STANDS}`)
    .action(async (o) => {
      const { items: all } = await call(api.listRollouts, { query: { limit: 20 } });
      printEach(o.json, all, rolloutLine, 'No version has been rolled out yet.');
      process.exitCode = attention(all[0]);
    });
  rollout
    .command('show')
    .description('Show one rollout: its steps, its history, and the state of each kiosk.')
    .argument('[id]', IN_FORCE)
    .option('--json', 'one JSON object: {"rollout","kiosks","history"}')
    .addHelpText('after', `\nExit code 1 when it ${STANDS}`)
    .action(async (id, o) => {
      const found = await asOperator(async (ask) => {
        const params = { rollout: await idOf(ask, id) };
        return {
          rollout: await ask(api.getRollout, { params }),
          kiosks: await all(everyItem(ask, api.listRolloutKiosks, { params })),
          history: (await ask(api.getRolloutHistory, { params })).items,
        };
      });
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
    .description('List the builds in the repository (SMARTPRESENCE_UPDATES), newest first.')
    .option('--json', 'one JSON object: {"configured","builds","expires","problem"}')
    .addHelpText('after', `\nExit code 1 when no repository is configured, or it can't be read.`)
    .action(async (o) => {
      const found = await call(api.listBuilds);
      const ends = found.expires ? [`Its metadata expires at ${found.expires}.`] : [];
      const why = found.configured
        ? (found.problem ?? 'The repository has no builds.')
        : 'No repository is configured: set SMARTPRESENCE_UPDATES.';
      const lines = found.builds.length > 0 ? found.builds.map(buildLine) : [why];
      print(o.json, found, [...lines, ...ends].join('\n'));
      process.exitCode = found.builds.length > 0 ? EXIT.ok : EXIT.attention;
    });
}

function registerActs(rollout: Command): void {
  const act = (name: string, description: string) =>
    rollout.command(name).description(description).argument('[id]', IN_FORCE);
  const JSON_HELP = 'one JSON object, as in `rollout list`';
  /** Performs an action on the given rollout. */
  const does = async (
    id: string | undefined,
    json: boolean | undefined,
    work: (ask: Call, params: { rollout: string }) => Promise<api.Rollout>,
  ) => print(json, await asOperator(async (ask) => work(ask, { rollout: await idOf(ask, id) })), rolloutLine);
  act('pause', 'Update no more kiosks; those that have started will finish.')
    .option('--json', JSON_HELP)
    .action((id, o) => does(id, o.json, (ask, params) => ask(api.pauseRollout, { params })));
  act('advance', 'Start the next step now, without waiting for the soak time.')
    .option('--json', JSON_HELP)
    .action((id, o) => does(id, o.json, (ask, params) => ask(api.advanceRollout, { params })));
  act('resume', 'Continue with the same step. Earlier failures no longer count.')
    .option('--retry', 'retry kiosks where it failed')
    .option('--json', JSON_HELP)
    .action((id, { retry, json }) =>
      does(id, json, (ask, params) => ask(api.resumeRollout, { params, body: { retry } })),
    );
  act('roll-back', 'Send every kiosk that has the build back to its previous one.')
    .option('--yes', 'don’t ask for confirmation')
    .option('--json', JSON_HELP)
    .action(async (id, o) => {
      const one = await asOperator(async (ask) => ask(api.getRollout, { params: { rollout: await idOf(ask, id) } }));
      if (!o.yes) {
        const answer = await ask(`Roll ${one.version} back everywhere? Type the version: `);
        if (answer.trim() !== one.version) {
          process.stderr.write('Nothing was changed.\n');
          process.exitCode = EXIT.attention;
          return;
        }
      }
      print(o.json, await call(api.rollBackRollout, { params: { rollout: one.id } }), rolloutLine);
    });
}

function registerRings(rollout: Command): void {
  rollout
    .command('rings')
    .description(
      'List the rings, the groups of kiosks that get a build one after the other. With a device and a ring: move it there.',
    )
    .argument('[device]', 'device ID, see `device list`')
    .argument('[ring]', 'canary, early or all', oneOf(RINGS))
    .option('--name <ring=name>', 'rename a ring; `canary=` restores its default name', named)
    .option('--json', 'one JSON object per line: {"id","name","count","kiosks"}')
    .action(async (device, ring, o) => {
      if ((device === undefined) !== (ring === undefined) || (device !== undefined && o.name))
        throw new Problem('arguments-wrong', {
          reason: 'Give a device and a ring together, or --name alone.',
        });
      const { items } = await asOperator(async (ask) => {
        if (o.name) return ask(api.renameRing, { params: { ring: o.name.ring }, body: { name: o.name.name } });
        if (device !== undefined) await ask(api.setDeviceRing, { params: { device }, body: { ring: ring! } });
        return ask(api.listRings);
      });
      printEach(o.json, items, ringLine);
    });
}

/** Returns the id of the given rollout, or of the current one. @throws Problem `rollout-unknown` */
async function idOf(ask: Call, id: string | undefined): Promise<string> {
  if (id) return id;
  const { items } = await ask(api.listRollouts, { query: { limit: 1 } });
  if (items[0]?.endedAt === null) return items[0].id;
  throw new Problem('rollout-unknown');
}

/** Whether it stopped automatically, or waits for someone to act. */
const attention = (one: api.Rollout | undefined) =>
  one && (['stopped', 'held'].includes(one.state) || ['failures', 'contact'].includes(one.waitsFor))
    ? EXIT.attention
    : EXIT.ok;

/** Parses steps such as `canary@24`, `all:10@24`, `all`. */
function steps(text: string, before: api.RolloutStep[] = []): api.RolloutStep[] {
  const [, ring, percent = '100', hours = '0'] = /^([a-z]+)(?::(\d{1,3}))?(?:@(\d{1,4}(?:\.\d)?))?$/.exec(text) ?? [];
  if (ring === undefined) throw new InvalidArgumentError('like canary@24, all:10@24 or all');
  return [...before, { ring: oneOf(RINGS)(ring), percent: Number(percent), soakHours: Number(hours) }];
}

function stopAt(text: string): { kiosks: number; percent: number } {
  const [, kiosks, percent] = /^(\d{1,4}):(\d{1,3})$/.exec(text) ?? [];
  if (kiosks === undefined) throw new InvalidArgumentError('like 2:20');
  return { kiosks: Number(kiosks), percent: Number(percent) };
}

function named(text: string): { ring: api.RingId; name: string | null } {
  const at = text.indexOf('=');
  if (at < 0) throw new InvalidArgumentError('like canary=Test bench');
  return { ring: oneOf(RINGS)(text.slice(0, at)), name: text.slice(at + 1).trim() || null };
}

/** Formats rollouts as lines of text. */

type Build = z.output<typeof RepositoryBuild>;

const WAITS: Readonly<Record<Rollout['waitsFor'], string>> = {
  nothing: '',
  soak: 'soaks',
  verdicts: 'waiting for kiosks to report their health',
  contact: 'waiting: none of the kiosks it has reached has been in contact for an hour; see `rollout advance`',
  failures: 'waiting: too many of the first kiosks failed',
  decision: 'waiting for `rollout advance`',
};

function rolloutLine(r: Rollout): string {
  const counts = Object.entries(r.counts).filter(([, n]) => n > 0);
  const kiosks = counts.map(([state, n]) => `${n} ${state}`).join(', ') || 'no kiosks';
  const why = r.stopped ? `: ${r.stopped.failed} of ${r.stopped.got} kiosks failed` : '';
  const waits = WAITS[r.waitsFor];
  const next = waits && `; ${waits}${r.nextAt ? ` until ${r.nextAt}` : ''}`;
  const step = r.endedAt === null ? `, step ${r.step + 1} of ${r.steps.length}` : '';
  return `${r.id}  ${r.version.padEnd(10)}  ${r.state}${why}${step} (${kiosks})${next}`;
}

const stepText = ({ ring, percent, soakHours }: Rollout['steps'][number]): string =>
  `${ring.padEnd(7)} ${String(percent).padStart(3)} %${soakHours > 0 ? `, then ${soakHours} h` : ''}`;

function kioskLine(k: RolloutKiosk): string {
  const held = k.heldSince && `waiting since ${k.heldSince}: someone is always in view`;
  const why = k.reason || held ? ` (${k.reason ?? held})` : '';
  const from = k.from ? ` from ${k.from}` : '';
  return `${k.device}  ${k.state.padEnd(11)}  ${k.name}${from}${why}${k.at ? `  ${k.at}` : ''}`;
}

/** The order in which details of an action are listed; others follow. */
const DETAILS = ['version', 'step', 'ring', 'percent', 'soakHours', 'failed', 'got', 'retry'];

function actionLine({ at, by, email, what, detail }: RolloutAction): string {
  const keys = [...new Set([...DETAILS, ...Object.keys(detail)])].filter((key) => key in detail);
  const text = keys.map((key) => `${key} ${detail[key]}`);
  return `${at}  ${what.padEnd(11)}  by ${email ?? by}${text.length > 0 ? `: ${text.join(', ')}` : ''}`;
}

function ringLine({ id, name, count, kiosks }: Ring): string {
  const names = kiosks.map((k) => k.name).join(', ');
  return `${id.padEnd(7)}${name ? ` “${name}”` : ''} ${count} ${count === 1 ? 'kiosk' : 'kiosks'}${names ? `: ${names}` : ''}`;
}

const buildLine = ({ version, platforms, commit, bytes }: Build): string =>
  `${version.padEnd(10)}  ${platforms.join(', ')}  ${Math.ceil(bytes / 1024 / 1024)} MB  ${commit.slice(0, 12)}`;

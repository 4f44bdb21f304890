import type { Command } from '@commander-js/extra-typings';
import { Problem } from '../../../sync/errors/problem.ts';
import { givenDeviceSecret } from '../../core/keys/credential.ts';
import { openKeys } from '../../core/keys/index.ts';
import { kioskHome } from '../../core/paths.ts';
import { checkStoreCommand, listCheckinsCommand, rekeyStoreCommand } from '../../core/store/commands.ts';
import { type CheckReport, checkClosedStore, type RekeyReport } from '../../core/store/index.ts';
import type { Checkin } from '../../core/store/interface.ts';
import { EXIT } from '../exit-codes.ts';
import { wholeNumber } from '../options.ts';
import { withProgress } from '../output.ts';
import { onKiosk } from '../store-command.ts';

/** `store check`, `store rekey`, `checkins list`: through the running core, or on the store itself if none is running. */
export function registerStore(program: Command): void {
  const store = program.command('store').description('Check and re-key the kiosk’s encrypted store.');
  store
    .command('check')
    .description('Read and verify every page, event, template and photo.')
    .option('--json', 'the report as one JSON object')
    .addHelpText('after', `\nExit code 1 when anything is damaged; the report says what.`)
    .action(({ json }) =>
      onKiosk(checkStoreCommand, {}, json, describeCheck).catch((error) => checkPagesOnly(error, json)),
    );
  store
    .command('rekey')
    .description('Put the store under a new random key.')
    .option('--json', 'the report as one JSON object')
    .addHelpText(
      'after',
      `\nWorks on a copy: it needs as much free space as the store takes up, and may be interrupted at any time.
The kiosk pauses meanwhile, then restarts. PINs, templates and photos stay valid.`,
    )
    .action(({ json }) => onKiosk(rekeyStoreCommand, {}, json, describeRekey));

  program
    .command('checkins')
    .description('List this kiosk’s check-ins.')
    .command('list')
    .description('List check-ins, newest first.')
    .option('--limit <n>', 'how many to show', wholeNumber(1, 1_000_000), 50)
    .option('--before <time>', 'only check-ins before this time (RFC 3339)')
    .option('--json', 'one JSON object per line')
    .action(({ json, ...args }) => onKiosk(listCheckinsCommand, args, json, describeCheckin));
}

/** Checks the pages of a store that is too damaged to open, to report which are bad. */
async function checkPagesOnly(error: unknown, json: boolean | undefined): Promise<void> {
  if (!(error instanceof Problem) || error.code !== 'store-damaged') throw error;
  const home = kioskHome();
  const keys = await openKeys({ home, deviceSecret: givenDeviceSecret(process.env) });
  await withProgress(
    json,
    async (progress) => {
      const report = await checkClosedStore(home, keys, { progress });
      return { ...report, problems: [{ code: error.code, detail: error.message }, ...report.problems] };
    },
    describeCheck,
  );
  process.exitCode = EXIT.attention;
}

function describeCheck(report: CheckReport): string {
  const { pages, events, values, people, templates, photos, problems } = report;
  const read = `${pages} pages, ${events} events with ${values} personal values, ${people} people with ${templates} templates, ${photos} photos`;
  if (problems.length === 0) return `The store is whole: ${read}.`;
  return [
    `The store is damaged (${problems.length} problems): ${read}.`,
    ...problems.map((p) => `  ${p.code}: ${p.detail}`),
  ].join('\n');
}

function describeRekey(report: RekeyReport): string {
  return `The store has key number ${report.generation}: ${report.pages} pages, ${report.people} people.`;
}

function describeCheckin(checkin: Checkin): string {
  const who = checkin.name ?? 'a deleted person';
  const score = checkin.score === null ? '' : ` ${checkin.score.toFixed(3)}`;
  const state = [
    checkin.voided ? 'voided' : '',
    checkin.photoLost ? 'photo not kept' : '',
    checkin.acked ? '' : 'not sent yet',
  ]
    .filter(Boolean)
    .join(', ');
  return `${checkin.at}  ${checkin.direction.padEnd(3)}  ${who}  ${checkin.method}${score}  liveness ${checkin.liveness}${state ? `  (${state})` : ''}`;
}

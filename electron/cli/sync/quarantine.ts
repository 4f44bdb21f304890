import { type Command, InvalidArgumentError } from 'commander';
import type { ResultOf } from '../../../sync/server/app/operations.ts';
import { EXIT, EXIT_HELP } from '../exit-codes.ts';
import { operate } from '../server/environment.ts';

type Entry = ResultOf<'quarantine list'>[number];

interface FilterOptions {
  readonly device?: string;
  readonly reason?: string;
  readonly id?: number;
  readonly json?: boolean;
}

const HELP = `
The quarantine holds what came from a kiosk and can't be taken into the log, each with its reason; nothing waits behind it.
event-newer-schema: the kiosk is newer than this server; update the server, which then takes it by itself.
event-not-storable: the database refuses a value of it. Other reasons mean that the event contradicts its signature's
slot, its own commitments, or what the log has already: it stays as evidence.
Of one device at most 10,000 events and 64 MiB are kept. What comes beyond that is listed with its digest and reason, and its
content is not kept (quarantine-full): look at what that kiosk sends, and revoke it if it is not in your hands.
${EXIT_HELP}`;

/** `sync quarantine list|retry`: on the server. */
export function registerQuarantine(sync: Command): void {
  const quarantine = sync
    .command('quarantine')
    .description('On the server: events that it could not take, with the reason.');
  filtered(quarantine.command('list').description('What is there, oldest first.'))
    .option(
      '--json',
      'one JSON object a line: {"id","device","epoch","seq","reason","notRetained","receivedAt","retriedAt"}',
    )
    .addHelpText('after', HELP)
    .action(async (o: FilterOptions) => {
      let count = 0;
      for (let after = 0; ; ) {
        const page = await operate('quarantine list', { ...filterOf(o), after });
        for (const entry of page) process.stdout.write(`${o.json ? JSON.stringify(entry) : sentenceOf(entry)}\n`);
        count += page.length;
        const last = page.at(-1);
        if (!last) break;
        after = last.id;
      }
      if (count === 0 && !o.json) process.stdout.write('Nothing is in quarantine.\n');
    });
  filtered(
    quarantine
      .command('retry')
      .description('Take events again, each in its place and once, as this server knows them.'),
  )
    .option('--json', 'one JSON object: {"taken","waiting":{reason: number}}')
    .addHelpText('after', `\nExit code 1 when something still waits.${HELP}`)
    .action(async (o: FilterOptions) => {
      const retried = await operate('quarantine retry', filterOf(o));
      const waiting = Object.entries(retried.waiting);
      const text = waiting.map(([reason, n]) => `${n} still there: ${reason}`);
      process.stdout.write(`${o.json ? JSON.stringify(retried) : [`${retried.taken} taken`, ...text].join('\n')}\n`);
      process.exitCode = waiting.length > 0 ? EXIT.attention : EXIT.ok;
    });
}

function filtered(command: Command): Command {
  return command
    .option('--device <id>', 'of this device alone')
    .option('--reason <code>', 'with this reason alone')
    .option('--id <number>', 'this entry alone', (text) => {
      const id = Number(text);
      if (!Number.isSafeInteger(id) || id < 1) throw new InvalidArgumentError('the number of an entry');
      return id;
    });
}

function filterOf({ device, reason, id }: FilterOptions) {
  return { ...(device && { device }), ...(reason && { reason }), ...(id && { id }) };
}

function sentenceOf({ id, device, seq, reason, notRetained, receivedAt, retriedAt }: Entry): string {
  const later = notRetained ? `, content not kept (${notRetained})` : retriedAt ? `, tried again ${retriedAt}` : '';
  return `${id}  ${reason}  device ${device}, event ${seq}, came ${receivedAt}${later}`;
}

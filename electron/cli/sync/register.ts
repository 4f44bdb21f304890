import type { Command } from '@commander-js/extra-typings';
import type { z } from 'zod';
import { listQuarantine, type QuarantineRow, retryQuarantine } from '../../../sync/protocol/api/quarantine.ts';
import { EXIT } from '../exit-codes.ts';
import { wholeNumber } from '../options.ts';
import { print } from '../output.ts';
import { asOperator, call, everyItem } from '../server/environment.ts';
import { registerSyncStatus } from './status.ts';

/** `sync status`: on a kiosk; `sync quarantine`: on the server. */
export function registerSync(program: Command): void {
  const sync = program.command('sync').description('Show the sync between kiosks and their server.');
  registerQuarantine(sync);
  registerSyncStatus(sync);
}

type Entry = z.output<typeof QuarantineRow>;

const HELP = `
The quarantine holds kiosk events that the log can't accept, each with its reason. Later events don't wait for them.
event-newer-schema: the kiosk is newer than this server; update the server, which then accepts the event by itself.
event-not-storable: the database rejects a value in it. Other reasons mean that the event contradicts its place in the
signed batch, its own commitments, or an event already in the log: it is kept as evidence.
At most 10,000 events and 64 MiB are kept per device. Beyond that, only digest and reason are kept (quarantine-full): find
out what that kiosk sends, and revoke it if it is no longer under your control.`;

/** `sync quarantine list|retry`: on the server. */
function registerQuarantine(sync: Command): void {
  const quarantine = sync.command('quarantine').description('On the server: list and retry rejected events.');
  filtered(quarantine.command('list').description('List rejected events, oldest first.'))
    .option(
      '--json',
      'one JSON object per line: {"id","device","epoch","seq","reason","notRetained","receivedAt","retriedAt"}',
    )
    .addHelpText('after', HELP)
    .action(async ({ json, ...query }) => {
      let count = 0;
      await asOperator(async (ask) => {
        for await (const entry of everyItem(ask, listQuarantine, { query })) {
          print(json, entry, sentenceOf(entry));
          count += 1;
        }
      });
      if (count === 0 && !json) process.stdout.write('Nothing is in quarantine.\n');
    });
  filtered(
    quarantine.command('retry').description('Retry rejected events. Each is accepted once, in its original order.'),
  )
    .option('--json', 'one JSON object: {"taken","waiting":{reason: number}}')
    .addHelpText('after', `\nExit code 1 when something is still waiting.${HELP}`)
    .action(async ({ json, ...body }) => {
      const retried = await call(retryQuarantine, { body });
      const waiting = Object.entries(retried.waiting);
      const text = waiting.map(([reason, n]) => `${n} still there: ${reason}`);
      print(json, retried, [`${retried.taken} accepted`, ...text].join('\n'));
      process.exitCode = waiting.length > 0 ? EXIT.attention : EXIT.ok;
    });
}

function filtered(command: Command) {
  return command
    .option('--device <id>', 'only this device')
    .option('--reason <code>', 'only this reason')
    .option('--id <number>', 'only this entry', wholeNumber(1, Number.MAX_SAFE_INTEGER));
}

function sentenceOf({ id, device, seq, reason, notRetained, receivedAt, retriedAt }: Entry): string {
  const later = notRetained ? `, content not kept (${notRetained})` : retriedAt ? `, retried ${retriedAt}` : '';
  return `${id}  ${reason}  device ${device}, event ${seq}, received ${receivedAt}${later}`;
}

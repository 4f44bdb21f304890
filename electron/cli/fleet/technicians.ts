import type { Command } from 'commander';
import type { ResultOf } from '../../../sync/server/operator/operations.ts';
import { EXIT_HELP } from '../exit-codes.ts';
import { operate } from '../server/environment.ts';
import { sheetText } from '../technician/sheet.ts';

type Technician = ResultOf<'fleet technicians'>[number];

/** `fleet technicians | technician add | technician remove`: who may enter the technician's menu at the kiosks of a site. */
export function registerFleetTechnicians(fleet: Command): void {
  fleet
    .command('technicians')
    .description('Who may enter the technician’s menu at the kiosks, and which kiosks know.')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', EXIT_HELP)
    .action(async (o: { json?: boolean }) => {
      const all = await operate('fleet technicians', {});
      for (const one of all) print(o.json, one, technicianText(one));
      if (all.length === 0 && !o.json) process.stdout.write('No technician was added at the server.\n');
    });
  const technician = fleet
    .command('technician')
    .description('Add or remove one: for the kiosks of a site, or of all. For one kiosk alone: `technician`, on it.');
  technician
    .command('add')
    .description('Add a technician: shows the secret as a QR code, and five codes for paper, this once.')
    .requiredOption('--name <name>', 'what records call them')
    .option('--site <id>', 'at the kiosks of this site; without it at all')
    .option('--json', 'one JSON object, without the picture')
    .addHelpText('after', EXIT_HELP)
    .action(async (o: { name: string; site?: string; json?: boolean }) => {
      const added = await operate('fleet technician add', { name: o.name, site: o.site ?? null });
      print(o.json, added, sheetText(added, 'is added; kiosks are told at their next contact'));
    });
  technician
    .command('remove <name-or-id>')
    .description('Each kiosk refuses their codes from its next contact on.')
    .option('--json', 'one JSON object')
    .addHelpText('after', EXIT_HELP)
    .action(async (which: string, o: { json?: boolean }) => {
      const removed = await operate('fleet technician remove', { technician: which });
      print(o.json, removed, technicianText(removed));
    });
}

function technicianText(t: Technician): string {
  const where = t.site === null ? 'all sites' : `site ${t.site}`;
  const state = t.removedAt === null ? `${t.paperLeft} codes on paper left` : `removed ${t.removedAt}`;
  const told = `${t.confirmed} of ${t.kiosks} kiosks have ${t.removedAt === null ? 'them' : 'forgotten them'}`;
  const waiting = t.waiting.map((k) => `${k.name}${k.revoked ? ' (revoked: it is told nothing any more)' : ''}`);
  return [
    `${t.name}  ${t.id}  ${where}, ${state}; ${told}`,
    ...(waiting.length > 0 ? [`  not yet: ${waiting.join(', ')}`] : []),
  ].join('\n');
}

function print(json: boolean | undefined, value: unknown, sentence: string): void {
  process.stdout.write(`${json ? JSON.stringify(value) : sentence}\n`);
}

import type { Command } from 'commander';
import { kioskHome } from '../../core/paths.ts';
import {
  addTechnicianCommand,
  listTechniciansCommand,
  removeTechnicianCommand,
} from '../../core/technician/commands.ts';
import { EXIT_HELP } from '../exit-codes.ts';
import { terminalOutput } from '../output.ts';
import { runStoreCommand } from '../store-command.ts';
import { type Sheet, sheetText } from './sheet.ts';

interface Told {
  readonly id: string;
  readonly name: string;
  /** Null: of the server, which told this kiosk of them. */
  readonly enrolledAt: string | null;
  readonly paperCodes: number;
}

/** `technician add | list | remove`: who may enter the technician's menu of the kiosk on this machine. */
export function registerTechnician(program: Command): void {
  const technician = program
    .command('technician')
    .description('Who may enter the technician’s menu of the kiosk on this machine, with a code of their own.');
  technician
    .command('add')
    .description('Enrol a technician: shows the secret as a QR code, and five codes for paper, this once.')
    .requiredOption('--name <name>', 'what the server’s record calls them')
    .option('--json', 'one JSON object, without the picture')
    .addHelpText('after', EXIT_HELP)
    .action(async ({ name, json }: { name: string; json?: boolean }) => {
      const output = terminalOutput(json ?? false, (value) =>
        sheetText(value as { technician: Told } & Sheet, 'is enrolled'),
      );
      process.exitCode = await runStoreCommand(addTechnicianCommand, { name }, kioskHome(), output);
    });
  technician
    .command('list')
    .description('Who is enrolled, since when, and how many codes on paper are left.')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', EXIT_HELP)
    .action(async ({ json }: { json?: boolean }) => {
      const output = terminalOutput(json ?? false, (value) => {
        const { id, name, enrolledAt, paperCodes } = value as Told;
        const since = enrolledAt === null ? 'of the server' : `since ${enrolledAt}`;
        return `${name}  ${id}  ${since}, ${paperCodes} codes on paper left`;
      });
      process.exitCode = await runStoreCommand(listTechniciansCommand, {}, kioskHome(), output);
    });
  technician
    .command('remove <name-or-id>')
    .description('Their codes open nothing any more, from this moment on.')
    .option('--json', 'one JSON object')
    .addHelpText('after', EXIT_HELP)
    .action(async (which: string, { json }: { json?: boolean }) => {
      const output = terminalOutput(json ?? false, (value) => {
        const { removed } = value as { removed: Told };
        return `${removed.name} is removed.`;
      });
      process.exitCode = await runStoreCommand(removeTechnicianCommand, { technician: which }, kioskHome(), output);
    });
}

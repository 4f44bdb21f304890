import type { Command } from 'commander';
import encodeQR from 'qr';
import { kioskHome } from '../../core/paths.ts';
import {
  addTechnicianCommand,
  listTechniciansCommand,
  removeTechnicianCommand,
} from '../../core/technician/commands.ts';
import { EXIT_HELP } from '../exit-codes.ts';
import { terminalOutput } from '../output.ts';
import { runStoreCommand } from '../store-command.ts';

interface Told {
  readonly id: string;
  readonly name: string;
  readonly enrolledAt: string;
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
        enrolled(value as { technician: Told; uri: string; secret: string; paper: readonly string[] }),
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
        return `${name}  ${id}  since ${enrolledAt}, ${paperCodes} codes on paper left`;
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

function enrolled({
  technician,
  uri,
  secret,
  paper,
}: {
  technician: Told;
  uri: string;
  secret: string;
  paper: readonly string[];
}): string {
  return [
    `${technician.name} is enrolled. This is shown once; clear the screen afterwards.`,
    '',
    ...picture(uri),
    '',
    'Read it with an authenticator app, or type the secret there (time-based, 6 digits):',
    `  ${secret.match(/.{1,4}/g)!.join(' ')}`,
    '',
    'Codes for paper, each for one time, whatever the clocks say. Keep them where the telephone is not:',
    ...paper.map((code) => `  ${code}`),
  ].join('\n');
}

/** Two rows of squares a line of text. */
function picture(text: string): string[] {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: 2 });
  const lines: string[] = [];
  for (let y = 0; y < rows.length; y += 2) {
    const upper = rows[y]!;
    // Drawn where it is light: most terminals write light on dark.
    lines.push(upper.map((dark, x) => block(!dark, !(rows[y + 1]?.[x] ?? true))).join(''));
  }
  return lines;
}

const block = (upper: boolean, lower: boolean): string => (upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ');

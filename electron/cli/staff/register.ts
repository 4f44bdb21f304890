import type { Command } from 'commander';
import type { StaffRow } from '../../contract/staff.ts';
import { kioskHome } from '../../core/paths.ts';
import {
  addStaffCommand,
  listStaffCommand,
  removeStaffCommand,
  resetStaffPinCommand,
  setEmergencyPinCommand,
} from '../../core/staff/commands.ts';
import { EXIT_HELP } from '../exit-codes.ts';
import { terminalOutput } from '../output.ts';
import { password } from '../password.ts';
import { runStoreCommand } from '../store-command.ts';
import { handedText, type Sheet } from './sheet.ts';

interface Made extends Partial<Sheet> {
  readonly member: StaffRow;
  readonly pin: string;
}

const handed = ({ member, pin, uri, secret, paper }: Made, done: string): string =>
  handedText(member.name, done, pin, uri && secret && paper ? { uri, secret, paper } : null);

/** `staff add | list | remove | reset-pin | set-pin`: who works at the kiosk on this machine. */
export function registerStaff(program: Command): void {
  const staff = program
    .command('staff')
    .description('Who works at the kiosk on this machine: each with a PIN or badge of their own.')
    .addHelpText(
      'after',
      `\nWhile the kiosk runs a PIN is asked for: a supervisor’s, whose name is in SMARTPRESENCE_STAFF; without a name the emergency PIN.${EXIT_HELP}`,
    );
  staff
    .command('add <name>')
    .description('Add a member: shows a PIN for their first use, and a technician’s second factor, this once.')
    .requiredOption('--role <role>', 'desk, supervisor or technician')
    .option('--badge <number>', 'of a badge that unlocks the kiosk too, as a reader gives it')
    .option('--json', 'one JSON object, without the picture')
    .addHelpText('after', EXIT_HELP)
    .action(async (name: string, o: { role: string; badge?: string; json?: boolean }) => {
      const output = terminalOutput(o.json ?? false, (value) => handed(value as Made, 'is added'));
      const args = { name, role: o.role, badge: o.badge ?? null };
      process.exitCode = await runStoreCommand(addStaffCommand, args, kioskHome(), output);
    });
  staff
    .command('list')
    .description('Everyone who can unlock this kiosk, in which role and by what.')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', EXIT_HELP)
    .action(async ({ json }: { json?: boolean }) => {
      const output = terminalOutput(json ?? false, (value) => memberText(value as StaffRow & Listed));
      process.exitCode = await runStoreCommand(listStaffCommand, {}, kioskHome(), output);
    });
  staff
    .command('remove <name-or-id>')
    .description('Their PIN, badge and codes open nothing any more, from this moment on.')
    .option('--json', 'one JSON object')
    .addHelpText('after', EXIT_HELP)
    .action(async (member: string, { json }: { json?: boolean }) => {
      const output = terminalOutput(
        json ?? false,
        (value) => `${(value as { removed: StaffRow }).removed.name} is removed.`,
      );
      process.exitCode = await runStoreCommand(removeStaffCommand, { member }, kioskHome(), output);
    });
  staff
    .command('reset-pin <name-or-id>')
    .description('A new PIN for a member’s first use, in place of a forgotten one.')
    .option('--json', 'one JSON object')
    .addHelpText('after', EXIT_HELP)
    .action(async (member: string, { json }: { json?: boolean }) => {
      const output = terminalOutput(json ?? false, (value) => handed(value as Made, 'has a new PIN'));
      process.exitCode = await runStoreCommand(resetStaffPinCommand, { member }, kioskHome(), output);
    });
  staff
    .command('set-pin')
    .description('Set another emergency PIN, to be sealed (asked for; or SMARTPRESENCE_NEW_STAFF_PIN).')
    .addHelpText(
      'after',
      `\nIt opens Staff when no member can; each use is reported. The PIN is typed, never an argument: arguments can be read by every process.${EXIT_HELP}`,
    )
    .action(async () => {
      const pin = process.env.SMARTPRESENCE_NEW_STAFF_PIN ?? (await password('New emergency PIN (6 to 12 digits): '));
      process.exitCode = await runStoreCommand(
        setEmergencyPinCommand,
        { pin },
        kioskHome(),
        terminalOutput(false, () => 'The emergency PIN is set. Seal it in an envelope; each use is reported.'),
      );
    });
}

interface Listed {
  readonly paperCodes: number | null;
}

const PINS = { own: 'own PIN', start: 'PIN for the first use', none: 'no PIN' } as const;

function memberText({ id, name, role, from, pin, badge, paperCodes }: StaffRow & Listed): string {
  const by = [
    PINS[pin],
    ...(badge ? ['badge'] : []),
    ...(paperCodes === null ? [] : [`${paperCodes} codes on paper left`]),
  ];
  return `${name}  ${id}  ${role}, ${by.join(', ')}${from === 'server' ? '; managed at the server' : ''}`;
}

import type { Command } from '@commander-js/extra-typings';
import type { StaffRow } from '../../contract/staff.ts';
import {
  addStaffCommand,
  listStaffCommand,
  removeStaffCommand,
  resetStaffPinCommand,
  setEmergencyPinCommand,
} from '../../core/staff/commands.ts';
import { password } from '../ask.ts';
import { onKiosk } from '../store-command.ts';
import { handedText, type Sheet } from './sheet.ts';

interface Made extends Partial<Sheet> {
  readonly member: StaffRow;
  readonly pin: string;
}

const handed = ({ member, pin, uri, secret, paper }: Made, done: string): string =>
  handedText(member.name, done, pin, uri && secret && paper ? { uri, secret, paper } : null);

/** `staff add | list | remove | reset-pin | set-pin`: staff of the kiosk on this machine. */
export function registerStaff(program: Command): void {
  const staff = program
    .command('staff')
    .description('Manage the staff of this kiosk, each with their own PIN or badge.')
    .addHelpText(
      'after',
      `\nWhile the kiosk is running, a PIN is asked for: that of the supervisor named in SMARTPRESENCE_STAFF, or else the emergency PIN.`,
    );
  staff
    .command('add <name>')
    .description('Add a staff member. Shows their starter PIN, and a technician’s second factor, once.')
    .requiredOption('--role <role>', 'desk, supervisor or technician')
    .option('--badge <number>', 'a badge that also unlocks the kiosk; its number as a reader gives it')
    .option('--json', 'one JSON object, without the QR code')
    .action((name, { role, badge = null, json }) =>
      onKiosk(addStaffCommand, { name, role, badge }, json, (made: Made) => handed(made, 'was added')),
    );
  staff
    .command('list')
    .description('List everyone who can unlock this kiosk, with their role and how they unlock it.')
    .option('--json', 'one JSON object per line')
    .action(({ json }) => onKiosk(listStaffCommand, {}, json, memberText));
  staff
    .command('remove <name-or-id>')
    .description('Remove a staff member. Their PIN, badge and codes stop working immediately.')
    .option('--json', 'one JSON object')
    .action((member, { json }) => {
      const text = ({ removed }: { removed: StaffRow }) => `${removed.name} was removed.`;
      return onKiosk(removeStaffCommand, { member }, json, text);
    });
  staff
    .command('reset-pin <name-or-id>')
    .description('Give a staff member a new starter PIN, for example when they forgot theirs.')
    .option('--json', 'one JSON object')
    .action((member, { json }) =>
      onKiosk(resetStaffPinCommand, { member }, json, (made: Made) => handed(made, 'has a new PIN')),
    );
  staff
    .command('set-pin')
    .description('Set a new emergency PIN. It is asked for, or read from SMARTPRESENCE_NEW_STAFF_PIN.')
    .addHelpText(
      'after',
      `\nThe emergency PIN opens Staff when no staff member can; each use is reported. It is typed, never given as an argument:
every process can read arguments. Seal it in an envelope.`,
    )
    .action(async () => {
      const pin = process.env.SMARTPRESENCE_NEW_STAFF_PIN ?? (await password('New emergency PIN (6 to 12 digits): '));
      const text = () => 'The emergency PIN is set. Seal it in an envelope; each use is reported.';
      await onKiosk(setEmergencyPinCommand, { pin }, false, text);
    });
}

interface Listed {
  readonly paperCodes: number | null;
}

const PINS = { own: 'own PIN', start: 'starter PIN', none: 'no PIN' } as const;

function memberText({ id, name, role, from, pin, badge, paperCodes }: StaffRow & Listed): string {
  const by = [
    PINS[pin],
    ...(badge ? ['badge'] : []),
    ...(paperCodes === null ? [] : [`${paperCodes} paper codes left`]),
  ];
  return `${name}  ${id}  ${role}, ${by.join(', ')}${from === 'server' ? '; managed at the server' : ''}`;
}

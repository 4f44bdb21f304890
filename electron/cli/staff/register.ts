import type { Command } from 'commander';
import { setStaffPin } from '../../core/commands/staff-pin.ts';
import { kioskHome } from '../../core/paths.ts';
import { EXIT_HELP } from '../exit-codes.ts';
import { terminalOutput } from '../output.ts';
import { password } from '../password.ts';
import { runStoreCommand } from '../store-command.ts';

/** `staff set-pin`. The PIN is typed, never an argument: arguments can be read by every process. */
export function registerStaff(program: Command): void {
  program
    .command('staff')
    .description('Staff at this kiosk.')
    .command('set-pin')
    .description('Set another staff PIN (asked for; or SMARTPRESENCE_NEW_STAFF_PIN).')
    .addHelpText(
      'after',
      `\nThe old one is asked for while the kiosk runs. Ends the locks that wrong ones made.${EXIT_HELP}`,
    )
    .action(async () => {
      const pin = process.env.SMARTPRESENCE_NEW_STAFF_PIN ?? (await password('New staff PIN (6 to 12 digits): '));
      process.exitCode = await runStoreCommand(
        setStaffPin,
        { pin },
        kioskHome(),
        terminalOutput(false, () => 'The staff PIN is set.'),
      );
    });
}

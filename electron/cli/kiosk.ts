import type * as typed from '@commander-js/extra-typings';
import { CommanderError } from 'commander';
import { BUILD_NAME } from '../core/version.ts';
import { EXIT, withExitCodes } from './exit-codes.ts';
import { Command } from './options.ts';
import { commanderExit, reportProblem } from './report.ts';

/*
 * `bin/kiosk` of a packaged kiosk: what its unit starts (`run`), and commands for the person who sets it up or maintains
 * it. The operator's full command line, including the server's, is `sp` (electron/cli/sp.ts), with the same code.
 */

process.exit(await main(process.argv.slice(2)));

async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'run') {
    const { RUN_HELP, runKiosk } = await import('../host-browser/main.ts');
    if (!argv.some((arg) => arg === '--help' || arg === '-h')) return runKiosk(argv.slice(1));
    process.stdout.write(`${RUN_HELP}\n`);
    return EXIT.ok;
  }
  if (argv[0] === 'updater') {
    const { UPDATER_HELP, runUpdaterProgram } = await import('../host-browser/update/main.ts');
    if (!argv.some((arg) => arg === '--help' || arg === '-h')) return runUpdaterProgram(argv.slice(1));
    process.stdout.write(`${UPDATER_HELP}\n`);
    return EXIT.ok;
  }
  try {
    await (await buildKioskProgram()).parseAsync(argv, { from: 'user' });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    return error instanceof CommanderError ? commanderExit(error) : reportProblem('kiosk', error);
  }
}

async function buildKioskProgram(): Promise<typed.Command> {
  const program = withExitCodes(new Command('kiosk'))
    .description('SmartPresence kiosk: `run` starts it; everything else works whether it runs or not.')
    .version(BUILD_NAME, '--version')
    .addHelpText('after', `\nData folder: SMARTPRESENCE_HOME, or by default smartpresence in the user's data folder.`)
    .exitOverride()
    .showHelpAfterError('(see kiosk --help)');
  program.command('run').description('Serve the kiosk and keep its browser open. See `kiosk run --help`.');
  program
    .command('updater')
    .description('Install signed builds, as the kiosk asks for them. See `kiosk updater --help`.');
  const [
    { registerKiosk },
    { registerStore },
    { registerStaff },
    { registerSyncStatus },
    { registerUpdate },
    { registerKioskModels },
    { registerKioskDoctor },
    { registerLiveness },
  ] = await Promise.all([
    import('./device/kiosk.ts'),
    import('./store/register.ts'),
    import('./staff/register.ts'),
    import('./sync/status.ts'),
    import('./update/register.ts'),
    import('./models/add.ts'),
    import('./doctor/kiosk.ts'),
    import('./liveness/register.ts'),
  ]);
  registerKiosk(program);
  // The same commands under the names they have in `sp`, which next steps in messages refer to.
  registerKiosk(
    program.command('device').description('The same commands under the names that the server’s command line uses.'),
  );
  registerSyncStatus(program);
  registerUpdate(program);
  registerStore(program);
  registerStaff(program);
  registerKioskModels(program);
  registerKioskDoctor(program);
  registerLiveness(program);
  return program;
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type * as typed from '@commander-js/extra-typings';
import { command, PROGRAM } from '../../sync/disk/program.ts';
import { BUILD_NAME } from '../core/version.ts';
import { withExitCodes } from './exit-codes.ts';
import { Command } from './options.ts';

type Register = (program: typed.Command) => void;

/**
 * The topics, and the first words of the commands in each. A command loads only its own topic, because loading kiosk, server
 * and models takes most of a second. Help, and anything that is not a command, loads all.
 */
const TOPICS: readonly { readonly names: readonly string[]; readonly load: () => Promise<Register> }[] = [
  { names: ['faces'], load: async () => (await import('./faces/register.ts')).registerFaces },
  { names: ['people', 'faces'], load: async () => (await import('./people/register.ts')).registerPeople },
  { names: ['staff'], load: async () => (await import('./staff/register.ts')).registerStaff },
  { names: ['device'], load: async () => (await import('./device/registry.ts')).registerDevice },
  { names: ['setup'], load: async () => (await import('./setup/register.ts')).registerSetup },
  { names: ['server'], load: async () => (await import('./server/register.ts')).registerServer },
  { names: ['doctor'], load: async () => (await import('./doctor/register.ts')).registerDoctor },
  { names: ['upgrade'], load: async () => (await import('./upgrade/register.ts')).registerUpgrade },
  { names: ['keys'], load: async () => (await import('./keys/register.ts')).registerKeys },
  { names: ['accounts'], load: async () => (await import('./accounts/register.ts')).registerAccounts },
  { names: ['audit'], load: async () => (await import('./audit/register.ts')).registerAudit },
  { names: ['erasure'], load: async () => (await import('./erasure/register.ts')).registerErasure },
  { names: ['retention'], load: async () => (await import('./retention/register.ts')).registerRetention },
  { names: ['incident'], load: async () => (await import('./incident/register.ts')).registerIncident },
  { names: ['compliance'], load: async () => (await import('./compliance/register.ts')).registerCompliance },
  { names: ['jobs'], load: async () => (await import('./jobs/register.ts')).registerJobs },
  { names: ['models'], load: async () => (await import('./models/register.ts')).registerModels },
  { names: ['fleet'], load: async () => (await import('./fleet/register.ts')).registerFleet },
  { names: ['rollout'], load: async () => (await import('./rollout/register.ts')).registerRollout },
  { names: ['backup'], load: async () => (await import('./backup/register.ts')).registerBackup },
  { names: ['store', 'checkins'], load: async () => (await import('./store/register.ts')).registerStore },
  { names: ['release'], load: async () => (await import('./release/register.ts')).registerRelease },
  { names: ['liveness'], load: async () => (await import('./liveness/register.ts')).registerLiveness },
  { names: ['update'], load: async () => (await import('./update/register.ts')).registerUpdate },
  { names: ['sync'], load: async () => (await import('./sync/register.ts')).registerSync },
];

/** Beside an installed server's program, or in the sources. A kiosk has none. */
const DOCS = ['../../../docs', '../../docs'].map((path) => join(import.meta.dirname, path)).find(existsSync);

const BENCH_HELP = `
Groups: gallery, pipeline, store, kiosk, walkup, liveness, sync, server, console, update, first-day.
The last line says how many targets were met. A missed target doesn't fail the run.

Exit code: 0 everything was measured; 1 a group couldn't be measured; 2 wrong usage.`;

/** @param word the first word typed: only its topic is loaded, or all if it is not a command */
export async function buildProgram(word: string): Promise<typed.Command> {
  const program = withExitCodes(new Command(PROGRAM.call))
    .description('SmartPresence for operators: run and maintain kiosks and their server.')
    .version(BUILD_NAME, '--version')
    .addHelpText(
      'after',
      `
Data folder: of a kiosk SMARTPRESENCE_HOME, of a server SMARTPRESENCE_SERVER_HOME; by default in the user's data folder.
On a machine where a server is installed, commands find it by themselves.${DOCS ? `\nDocumentation: ${DOCS}` : ''}`,
    )
    .exitOverride()
    .showHelpAfterError(`(more: ${command('--help')})`);

  const named = TOPICS.filter((topic) => topic.names.includes(word));
  for (const { load } of named.length > 0 ? named : TOPICS) (await load())(program);
  // Only where the benches exist, which is not in an installed program.
  if (existsSync(join(import.meta.dirname, '../../test/bench')))
    program
      .command('bench')
      .description('Run benchmarks; each result is shown beside a peer or limit measured in the same run.')
      .argument('[group...]', 'groups to run (default: all)')
      .option('--json', 'one JSON object per line')
      .addHelpText('after', BENCH_HELP)
      .action(async (groups, options) => {
        const { runBench } = await import('../../test/bench/run.ts');
        process.exitCode = await runBench({ groups, json: options.json ?? false });
      });
  return program;
}

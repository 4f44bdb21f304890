import { Command, CommanderError } from 'commander';
import { EXIT, EXIT_HELP } from './exit-codes.ts';

type Register = (program: Command) => void;

/**
 * The topics, and which first words of a command each of them answers. A command loads its own topic alone: kiosk, server
 * and models together take most of a second. Help, and whatever is no command, loads all.
 */
const TOPICS: readonly { readonly words: readonly string[]; readonly load: () => Promise<Register> }[] = [
  { words: ['faces'], load: async () => (await import('./faces/register.ts')).registerFaces },
  { words: ['people', 'faces'], load: async () => (await import('./people/register.ts')).registerPeople },
  { words: ['staff'], load: async () => (await import('./staff/register.ts')).registerStaff },
  { words: ['device'], load: async () => (await import('./device/register.ts')).registerDevice },
  { words: ['server'], load: async () => (await import('./server/register.ts')).registerServer },
  { words: ['keys'], load: async () => (await import('./keys/register.ts')).registerKeys },
  { words: ['accounts'], load: async () => (await import('./accounts/register.ts')).registerAccounts },
  { words: ['audit'], load: async () => (await import('./audit/register.ts')).registerAudit },
  { words: ['erasure'], load: async () => (await import('./erasure/register.ts')).registerErasure },
  { words: ['retention'], load: async () => (await import('./retention/register.ts')).registerRetention },
  { words: ['incident'], load: async () => (await import('./incident/register.ts')).registerIncident },
  { words: ['compliance'], load: async () => (await import('./compliance/register.ts')).registerCompliance },
  { words: ['jobs'], load: async () => (await import('./jobs/register.ts')).registerJobs },
  { words: ['backup'], load: async () => (await import('./backup/register.ts')).registerBackup },
  { words: ['store', 'checkins'], load: async () => (await import('./store/register.ts')).registerStore },
  { words: ['sync'], load: async () => (await import('./sync/register.ts')).registerSync },
];

/** `npm run -s sp -- COMMAND`: the operator's command line. */
const program = new Command('sp')
  .description('SmartPresence: what an operator does from a terminal.')
  .addHelpText(
    'after',
    `${EXIT_HELP}\n\nThe data folder is SMARTPRESENCE_HOME, by default smartpresence in the user's data folder.`,
  )
  .exitOverride()
  .showHelpAfterError('(sp --help tells more)');

const word = process.argv[2] ?? '';
const named = TOPICS.filter((topic) => topic.words.includes(word));
for (const { load } of named.length > 0 ? named : TOPICS) (await load())(program);
program
  .command('bench')
  .description('Measure, each figure beside its peer or limit in the same run.')
  .argument('[group...]', 'groups to run; all when none is named')
  .option('--json', 'one JSON object a line')
  .action(async (groups: string[], options: { json?: boolean }) => {
    const { runBench } = await import('../../test/bench/run.ts');
    process.exitCode = await runBench({ groups, json: options.json ?? false });
  });

/** Problems that the command line itself has. */
const USAGE = new Set([
  'arguments-wrong',
  'bad-configuration',
  'folder-not-found',
  'join-code-mistyped',
  'no-answer',
  'not-a-folder',
]);

/** The store of the kiosk, or the database of the server, can't be opened or reached. */
const OUT_OF_REACH =
  /^(device-secret|store|core|staff|pin|database|keyring)-|^s3-(denied|unreachable|bucket-missing|region-wrong|tls-refused|not-configured)$|^(no-terminal|server-unreachable|wrong-encryption-key|key-retired|rotation-unfinished|rotation-under-way)$/;

// `… | head` closes the pipe early: nothing is wrong, but not everything was told. A command may be in the middle of
// its work; what it has committed stays.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.attention);
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage; // commander has printed it
  const coded = error as { code?: unknown; message?: string; nextStep?: string };
  const code = typeof coded.code === 'string' ? coded.code : 'internal';
  process.stderr.write(`sp: ${code}: ${coded.message ?? String(error)}\n`);
  if (coded.nextStep) process.stderr.write(`    ${coded.nextStep}\n`);
  if (code === 'internal' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (USAGE.has(code)) return EXIT.usage;
  return OUT_OF_REACH.test(code) ? EXIT.store : EXIT.attention;
}

import { CommanderError } from 'commander';
import { EXIT } from './exit-codes.ts';
import { buildProgram } from './program.ts';

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

/** `npm run -s sp -- COMMAND`: the operator's command line. */
try {
  await (await buildProgram(process.argv[2] ?? '')).parseAsync();
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

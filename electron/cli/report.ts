import type { CommanderError } from 'commander';
import type { ErrorCode } from '../../sync/errors/problem.ts';
import { EXIT } from './exit-codes.ts';

/** Errors of the command line itself. */
const USAGE: ReadonlySet<string> = new Set<ErrorCode>([
  'answers-missing',
  'answers-unreadable',
  'answer-wrong',
  'arguments-wrong',
  'bad-configuration',
  'confirmation-missing',
  'folder-not-found',
  'groups-not-usable',
  'join-code-mistyped',
  'keys-given',
  'keys-missing',
  'list-is-folder',
  'list-not-found',
  'list-not-readable',
  'no-answer',
  'not-a-folder',
  'release-not-a-repository',
]);

/** Codes for a kiosk's store, or a server's database, that can't be opened or reached. */
const OUT_OF_REACH =
  /^(device-secret|store|core|staff|pin|database|keyring)-|^s3-(denied|unreachable|bucket-missing|region-wrong|tls-refused|not-configured)$|^(home-not-usable|server-home-not-usable|no-terminal|server-unreachable|server-not-answering|server-missing|kiosk-missing|server-exists|not-permitted|credential-not-opened|wrong-encryption-key|key-retired|rotation-unfinished|rotation-under-way)$/;

/** Commander has already printed the error. Help and version are not errors. */
export const commanderExit = (error: CommanderError): number => (error.exitCode === 0 ? EXIT.ok : EXIT.usage);

export function reportProblem(program: string, error: unknown): number {
  const coded = error as { code?: unknown; message?: string; nextStep?: string };
  const code = typeof coded.code === 'string' ? coded.code : 'internal';
  process.stderr.write(`${program}: ${code}: ${coded.message ?? String(error)}\n`);
  if (coded.nextStep) process.stderr.write(`    ${coded.nextStep}\n`);
  if (code === 'internal' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (USAGE.has(code)) return EXIT.usage;
  return OUT_OF_REACH.test(code) ? EXIT.store : EXIT.attention;
}

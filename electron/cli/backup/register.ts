import type { Command } from '@commander-js/extra-typings';
import { makeBackup, rekeyBackups, verifyBackupPhotos } from '../../../sync/protocol/api/backups.ts';
import type { Listed } from '../../../sync/server/app/backup-environment.ts';
import type { Finding } from '../../../sync/server/platform/objects/bucket/setup.ts';
import type { CommandOutput } from '../../core/command.ts';
import { EXIT } from '../exit-codes.ts';
import { oneOf, wholeNumber } from '../options.ts';
import { print, printEach, sizeText, withProgress } from '../output.ts';
import { asOperator, howToStart, onServer, ownEnvironment } from '../server/environment.ts';

const ENVIRONMENT = `
Reads the server's environment: S3_BUCKET_NAME, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, S3_ENDPOINT_URL,
S3_CA_FILE, S3_SSE and the rest (docs/operate/backup.md).`;
const TIERS = ['Expedited', 'Standard', 'Bulk'] as const;
type Tier = (typeof TIERS)[number];

/** Loaded on demand, since the SDK is slow to load. */
const direct = () => import('../../../sync/server/app/backup-environment.ts');

export function registerBackup(program: Command): void {
  const backup = program.command('backup').description('Back up the server to an S3 store, verify and restore.');
  registerBucket(backup);
  registerMaking(backup);
  registerReading(backup);
}

function registerBucket(backup: Command): void {
  backup
    .command('setup')
    .description('Create the bucket and make it private, versioned, encrypted and self-expiring. Safe to run again.')
    .option('--dry-run', 'show what would be changed, and change nothing')
    .option(
      '--no-policy',
      'no bucket policy, for a store that doesn’t support its conditions; removes one made by setup',
    )
    .option('--json', 'one JSON object per item: {"item","state","code","why"}')
    .addHelpText('after', ENVIRONMENT)
    .action(async (o) => {
      const { setup } = await direct();
      const options = { dryRun: o.dryRun ?? false, withoutPolicy: !o.policy };
      showFindings(await onServer((env) => setup(env, options)), o.json);
    });
  backup
    .command('audit')
    .description('Check the bucket’s settings and report everything that is wrong. Changes nothing.')
    .option('--no-policy', 'leave the bucket policy out')
    .option('--json', 'one JSON object per item: {"item","state","code","why"}')
    .addHelpText('after', `${ENVIRONMENT}\nExit code 1 when something differs.`)
    .action(async (o) => {
      const { audit } = await direct();
      showFindings(await onServer((env) => audit(env, { withoutPolicy: !o.policy })), o.json);
    });
}

function registerMaking(backup: Command): void {
  backup
    .command('run')
    .description('Back up everything now instead of at the server’s next daily backup.')
    .option('--json', 'the report as one JSON object')
    .addHelpText(
      'after',
      `${ENVIRONMENT}\nPhotos from kiosks are objects of their own; pictures that people were enrolled with in the console are among the rows.`,
    )
    .action(async (o) => {
      await withProgress(
        o.json,
        (progress) => asOperator((ask) => ask(makeBackup), { progress }),
        (r) =>
          `Backup ${r.backup}: ${r.rows} rows, ${sizeText(r.bytes)}; ${r.photos.stored} new photos from kiosks, ${sizeText(r.photos.bytes)}.`,
      );
    });
  backup
    .command('rekey')
    .description('After `keys rotate`: re-encrypt the keys of every backup, so that the old keys open none.')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `${ENVIRONMENT}
Run it while ENCRYPTION_KEY_PREVIOUS and SECRET_KEY_PREVIOUS are still set. It makes a new backup first. Safe to run again.`,
    )
    .action(async (o) => {
      await withProgress(
        o.json,
        (progress) => asOperator((ask) => ask(rekeyBackups), { progress }),
        (r) =>
          `${r.rewrapped} backups are under the new keys; ${r.keyringCopiesDeleted} older copies of the keyring were deleted. New backup: ${r.backup}.`,
      );
    });
}

interface ReadingArgs {
  readonly backup?: string;
  readonly wait?: boolean;
  readonly tier: Tier;
  readonly photos?: boolean;
  readonly json?: boolean;
}

function registerReading(backup: Command): void {
  backup
    .command('list', { isDefault: true })
    .description('List the newest complete backups.')
    .option('--limit <n>', 'how many to show', wholeNumber(1, 1000), 20)
    .option('--json', 'one JSON object per line: {"backup","takenAt","rows","bytes","photos","keyVersion","state"}')
    .addHelpText('after', ENVIRONMENT)
    .action(async (o) => {
      const { list } = await direct();
      const found = await onServer((env) => list(env, o.limit));
      printEach(o.json, found, listLine, 'There is no complete backup.');
      process.exitCode = found.some((f) => f.state !== 'readable') || found.length === 0 ? EXIT.attention : EXIT.ok;
    });
  const archive = (command: Command) =>
    command
      .option('--wait', 'if it is archived, wait until it can be read')
      .option(
        '--tier <tier>',
        `how fast the archive is asked for: ${TIERS.join(', ')}`,
        oneOf(TIERS),
        'Standard' as Tier,
      );
  archive(backup.command('verify'))
    .description('Read a backup back, open every chunk and count every row. Changes nothing.')
    .argument('[backup]', 'backup ID (default: the newest)')
    .option('--photos', 'also read every stored photo that this server’s database knows')
    .option('--json', 'one JSON object')
    .addHelpText('after', ENVIRONMENT)
    .action(async (id, o) => {
      await withProgress(
        o.json,
        async (progress) => {
          const { verify, noteVerified } = await direct();
          const verified = await onServer((env) => verify(env, id ?? null, watched(o, progress)));
          const photos = o.photos
            ? await asOperator((ask) => ask(verifyBackupPhotos, { params: verified }), { progress })
            : null;
          await onServer((env) => noteVerified(env));
          return { ...verified, photos: photos?.photos ?? null };
        },
        verifiedText,
      );
    });
  archive(backup.command('restore'))
    .description('Restore a backup into an empty database. Refuses any other database.')
    .argument('[backup]', 'backup ID (default: the newest)')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `${ENVIRONMENT}
The database is the one in SMARTPRESENCE_DATABASE_URL, or else in SMARTPRESENCE_SERVER_HOME. Start the server afterwards:
kiosks resend what the backup doesn't contain, and people erased since are erased again. If the restore is interrupted,
run the same command again; a server doesn't start on an unfinished restore.
Exit code 1 with backup-thawing: the backup was requested from the archive; run the same command again later, or use --wait.`,
    )
    .action(async (id, o) => {
      const start = howToStart(await ownEnvironment());
      await withProgress(
        o.json,
        async (progress) => {
          const { restore } = await direct();
          return onServer((env) => restore(env, id ?? null, watched(o, progress)));
        },
        (restored) => `${restoredText(restored)}\n${start}`,
      );
    });
}

/** Whether to wait for a backup, and how to show its progress. */
const watched = ({ wait = false, tier }: ReadingArgs, progress: CommandOutput['progress']) => ({
  wait,
  tier,
  progress,
  say: (line: string) => process.stderr.write(`${line}\n`),
});

type Direct = Awaited<ReturnType<typeof direct>>;

function verifiedText(r: Awaited<ReturnType<Direct['verify']>>): string {
  const photos = r.photos === null ? '' : ` ${r.photos} photos from kiosks are whole.`;
  return `Backup ${r.backup} of ${r.takenAt} is whole: ${r.rows} rows, ${sizeText(r.bytes)}.${photos}`;
}

const restoredText = (r: Awaited<ReturnType<Direct['restore']>>): string =>
  [
    `Restored backup ${r.backup} of ${r.takenAt}: ${r.rows} rows, ${r.photos} photos.`,
    ...(r.photosMissing > 0 ? [`${r.photosMissing} photos were purged or erased since.`] : []),
    ...(r.decisionsRepeated > 0
      ? [
          `${r.decisionsRepeated} requested erasures, withdrawn consents, opt-outs and legal holds since the backup apply again.`,
        ]
      : []),
    ...(r.erasuresRepeated > 0
      ? [`${r.erasuresRepeated} people were erased since the backup, and are erased again.`]
      : []),
    ...(r.erasuresHeld > 0
      ? [`${r.erasuresHeld} people are not erased again yet: they are under a legal hold (erasure list).`]
      : []),
    'Devices, accounts and settings are as they were then: revoke again what was revoked since.',
  ].join('\n');

function showFindings(findings: readonly Finding[], json: boolean | undefined): void {
  for (const f of findings) {
    const why = f.why.length > 0 ? `: ${f.why.join('; ')}` : '';
    const text = `${f.state.padEnd(12)} ${f.item}${f.code ? ` (${f.code})` : ''}${why}`;
    print(json, f, text);
  }
  process.exitCode = findings.some((f) => f.state === 'differs') ? EXIT.attention : EXIT.ok;
}

function listLine({ backup, rows, bytes, photos, state }: Listed): string {
  return state === 'readable'
    ? `${backup}  ${rows} rows, ${sizeText(bytes!)}, ${photos} photos from kiosks`
    : `${backup}  not readable with these keys (${state})`;
}

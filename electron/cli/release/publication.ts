import type { Command } from '@commander-js/extra-typings';
import { z } from 'zod';
import { describeStaged } from '../../../build/release/describe.ts';
import { copyTo, type Destination, folderDestination } from '../../../build/release/destination.ts';
import { countSignatures, ROLE_NAMES } from '../../../build/release/documents.ts';
import { type Published, publish, refresh } from '../../../build/release/publish.ts';
import { approvals, comingRoot } from '../../../build/release/stage.ts';
import { openWorkspace, requireApart, type Workspace } from '../../../build/release/workspace.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import type { CommandOutput } from '../../core/command.ts';
import { EXIT } from '../exit-codes.ts';
import { collect, instant } from '../options.ts';
import { print, terminalOutput, withProgress } from '../output.ts';
import { next, PASSPHRASES, SP, shared } from './options.ts';
import { openKeys, passphrases } from './passphrases.ts';
import { approvalsText, cannotRollBackText, describedText, publishedText, verifiedText } from './text.ts';
import { soon, verifyRepository } from './verify.ts';

/** `release publish|refresh|verify|status`. */

export function registerPublishing(release: Command): void {
  const command = (name: string, text: string, how: typeof publish) =>
    shared(
      release
        .command(name)
        .description(text)
        .requiredOption('--repository <folder>', 'working copy')
        .option('--keys <folder>', 'folder of the online keys', collect, [])
        .option('--to <place>', 'also copy it to a folder, a stick, or s3://bucket/prefix', collect, [])
        .option('--only <version>', 'copy only the archives of these versions, for a stick', collect, []),
      `${PASSPHRASES}
s3:// reads AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, S3_ENDPOINT_URL and the rest (docs/operate/backup.md).
Exit code 1 when metadata expires soon.`,
    ).action(async (o) => {
      const workspace = openWorkspace(o.repository);
      for (const folder of o.keys) requireApart(folder, o.repository);
      const root = comingRoot(workspace);
      const asked = new Set(['snapshot', 'timestamp'].flatMap((role) => root.signed.roles[role]!.keyIDs));
      const signers = await openKeys(o.keys, ['snapshot', 'timestamp'], asked, passphrases(o.passphraseFile));
      const out = terminalOutput(o.json ?? false, () => null);
      // Read before publishing, after which nothing is staged any more. A refresh leaves staged metadata unchanged.
      const warnings =
        how === publish ? cannotRollBackText(describeStaged(workspace).targets?.cannotRollBack ?? []) : [];
      const published = how(workspace, { signers, now: Date.now() });
      const copies = await copyAll(workspace, o, out.progress);
      const notes = soon(published.expires, Date.now());
      out.end();
      for (const warning of warnings) process.stderr.write(`${warning}\n`);
      const text = [publishedText(published), ...copiesText(copies), ...notes].join('\n');
      print(o.json, { ...published, copies, notes }, text);
      next(o.json, [`${SP} verify --root <root.json of a kiosk> --from ${o.to[0] ?? o.repository}`]);
      process.exitCode = notes.length > 0 ? EXIT.attention : EXIT.ok;
    });
  command('publish', 'Publish everything staged and signed, and copy it to where kiosks look for it.', publish);
  command(
    'refresh',
    'Sign a new timestamp and, if due, a new snapshot. What is staged stays staged. Run it from a timer.',
    refresh,
  );
}

interface Copy {
  readonly to: string;
  readonly files: number;
  readonly bytes: number;
}

async function copyAll(
  workspace: Workspace,
  {
    to,
    only,
    keys,
  }: { readonly to: readonly string[]; readonly only: readonly string[]; readonly keys: readonly string[] },
  progress: CommandOutput['progress'],
): Promise<Copy[]> {
  const copies: Copy[] = [];
  for (const place of to) {
    const destination = await openDestination(place, keys);
    try {
      const sent = await copyTo(workspace, destination, {
        ...(only.length > 0 && { only }),
        progress: (done, total) => progress(done, total, 'bytes'),
      });
      copies.push({ to: place, ...sent });
    } finally {
      destination.close();
    }
  }
  return copies;
}

const copiesText = (copies: readonly Copy[]) =>
  copies.map(({ to, files, bytes }) => `${to}: ${files} files, ${bytes} bytes sent`);

export function registerChecks(release: Command): void {
  release
    .command('verify')
    .description('Verify a repository as a kiosk would: signatures, dates, every byte of every archive.')
    .requiredOption('--root <file>', 'the root.json that kiosks ship with')
    .requiredOption('--from <place>', 'a folder, a stick, or an https:// address')
    .option('--ca <file>', 'CA certificate of that address (PEM), if it isn’t a public one')
    .option('--no-archives', 'only the metadata')
    .option('--at <time>', 'check dates as of this time (ISO 8601)', instant)
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit code 1 when something is wrong or expires soon.`)
    .action(async (o) => {
      const { root, from, ca, archives, at } = o;
      const options = { root, from, ...(ca && { ca }), archives, now: at ? Date.parse(at) : Date.now() };
      const { notes } = await withProgress(
        o.json,
        (progress) => verifyRepository({ ...options, progress }),
        verifiedText,
      );
      process.exitCode = notes.length > 0 ? EXIT.attention : EXIT.ok;
    });
  release
    .command('status')
    .description('Show versions, dates, keys, and what is staged.')
    .requiredOption('--repository <folder>', 'working copy')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit code 1 while signatures are missing, or when metadata expires soon.`)
    .action((o) => showStatus(openWorkspace(o.repository), o.json));
}

/** Returns what is currently published; null if nothing is. */
function publishedNow(workspace: Workspace): Published | null {
  const [root, targets] = [workspace.root(), workspace.targets()];
  const [snapshot, timestamp] = [workspace.snapshot(), workspace.timestamp()];
  if (!root || !targets || !snapshot || !timestamp) return null;
  const of = <T>(value: (signed: { readonly version: number; readonly expires: string }) => T) => ({
    root: value(root.signed),
    targets: value(targets.signed),
    snapshot: value(snapshot.signed),
    timestamp: value(timestamp.signed),
  });
  return {
    versions: of(({ version }) => version),
    expires: of(({ expires }) => expires),
    targets: Object.keys(targets.signed.targets).sort(),
  };
}

function showStatus(workspace: Workspace, json: boolean | undefined): void {
  const root = comingRoot(workspace);
  const published = publishedNow(workspace);
  const keys = ROLE_NAMES.map((role) => {
    const { need, keyids } = countSignatures(root, role, root);
    return { role, threshold: need, keyids };
  });
  const waiting = approvals(workspace);
  const notes = published ? soon(published.expires, Date.now()) : [];
  const text = [
    published ? [publishedText(published), ...published.targets].join('\n') : 'Nothing has been published yet.',
    ...keys.map(
      ({ role, threshold, keyids }) => `${role}: ${threshold} of ${keyids.map((id) => id.slice(0, 12)).join(', ')}`,
    ),
    describedText(describeStaged(workspace)),
    approvalsText(waiting),
    ...notes,
  ];
  const status = { published, keys, staged: describeStaged(workspace), approvals: waiting, notes };
  print(json, status, text.filter(Boolean).join('\n'));
  const lacking = waiting.some(({ have, need }) => have.length < need);
  process.exitCode = lacking || notes.length > 0 ? EXIT.attention : EXIT.ok;
}

/** Largest size of a metadata file. */
const MAX_SMALL = 4 * 1024 * 1024;

interface OpenedDestination extends Destination {
  close(): void;
}

/**
 * @param to a folder, or `s3://bucket/prefix`
 * @param keys folders of keys, which must not be inside the destination
 * @throws Problem `release-destination-wrong`, `release-keys-beside`, `bad-configuration`
 */
async function openDestination(to: string, keys: readonly string[]): Promise<OpenedDestination> {
  if (to.startsWith('s3://')) return objectDestination(to);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(to)) throw new Problem('release-destination-wrong', { to });
  for (const folder of keys) requireApart(folder, to);
  return { ...folderDestination(to), close: () => undefined };
}

/** An object store with the settings of the server's backups, except the bucket. */
async function objectDestination(to: string): Promise<OpenedDestination> {
  const { hostname: bucket, pathname } = new URL(to);
  const prefix = decodeURIComponent(pathname).replace(/^\/+|\/+$/g, '');
  // Loaded on demand, since the SDK is slow to load.
  const [{ objectIssues, objectSettings, objectVariables }, { openObjectStore }] = await Promise.all([
    import('../../../sync/server/platform/objects/settings.ts'),
    import('../../../sync/server/platform/objects/store.ts'),
  ]);
  const parsed = z.object(objectVariables).safeParse({ ...process.env, S3_BUCKET_NAME: bucket });
  const issues = parsed.success
    ? objectIssues(parsed.data).map((issue) => `${issue.path} ${issue.message}`)
    : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  const settings = parsed.success && issues.length === 0 ? objectSettings(parsed.data) : null;
  if (!settings) throw new Problem('bad-configuration', { reason: issues.join('; ') });
  const store = openObjectStore(settings);
  const key = (path: string) => (prefix === '' ? path : `${prefix}/${path}`);
  return {
    name: to,
    async read(path) {
      if ((await store.head(key(path))) === null) return null;
      const pieces: Uint8Array[] = [];
      let size = 0;
      for await (const piece of await store.get(key(path))) {
        size += piece.length;
        if (size > MAX_SMALL) throw new Problem('release-other-repository', { place: `${to}: ${path}` });
        pieces.push(piece);
      }
      return Buffer.concat(pieces);
    },
    size: async (path) => (await store.head(key(path)))?.size ?? null,
    async write(path, bytes, length) {
      const contentType = path.endsWith('.json') ? 'application/json' : 'application/octet-stream';
      await store.put(key(path), bytes, { expectedBytes: length, contentType });
    },
    close: () => store.close(),
  };
}

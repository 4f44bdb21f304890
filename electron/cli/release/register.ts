import type { Command } from '@commander-js/extra-typings';
import { describeStaged } from '../../../build/release/describe.ts';
import { OFFLINE, type OfflineRole, ROLE_NAMES, type RoleName } from '../../../build/release/documents.ts';
import {
  type Approval,
  approvals,
  signStaged,
  stageBuild,
  stageRenewal,
  stageWithdrawal,
} from '../../../build/release/stage.ts';
import { openWorkspace, requireApart, type Workspace } from '../../../build/release/workspace.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import type { CommandOutput } from '../../core/command.ts';
import { ask } from '../ask.ts';
import { EXIT } from '../exit-codes.ts';
import { collect, Option, wholeNumber } from '../options.ts';
import { print, terminalOutput } from '../output.ts';
import { inspectArchive, placeArchive } from './archive.ts';
import { init, makeKey, rotate } from './make.ts';
import { next, PASSPHRASES, SP, shared } from './options.ts';
import { openKeys, passphrases } from './passphrases.ts';
import { registerChecks, registerPublishing } from './publication.ts';
import { approvalsText, describedText, madeText } from './text.ts';

export function registerRelease(program: Command): void {
  const release = program.command('release').description('Sign and publish kiosk builds, and manage the signing keys.');
  registerMaking(release);
  registerSigning(release);
  registerPublishing(release);
  registerChecks(release);
}

function registerMaking(release: Command): void {
  const days = (role: RoleName, usual: number) => `how long ${role} metadata are valid for (${usual})`;
  const creates = release
    .command('init')
    .description('Create the keys of a new repository, and its first root and targets metadata, ready to be signed.')
    .requiredOption('--repository <folder>', 'working copy to create')
    .requiredOption('--keys <folder>', 'folder for the offline keys (root, targets), on a medium you lock away')
    .requiredOption('--online-keys <folder>', 'folder for the online keys (snapshot, timestamp)')
    .option('--public <file>', 'public half of a key that its holder created elsewhere (release key)', collect, [])
    .option('--root-keys <n>', 'keys for root', wholeNumber(1, 20), 3)
    .option('--root-threshold <n>', 'signatures required for root', wholeNumber(1, 20), 2)
    .option('--targets-keys <n>', 'keys for targets', wholeNumber(1, 20), 3)
    .option('--targets-threshold <n>', 'signatures required for targets', wholeNumber(1, 20), 2)
    .option('--online-passphrase-file <file>', 'passphrase of the online keys (default: that of --passphrase-file)')
    .option('--root-days <n>', days('root', 365), wholeNumber(1, 3650))
    .option('--targets-days <n>', days('targets', 365), wholeNumber(1, 3650))
    .option('--snapshot-days <n>', days('snapshot', 30), wholeNumber(1, 3650))
    .option('--timestamp-days <n>', days('timestamp', 7), wholeNumber(1, 3650));
  shared(creates).action(async (o) => {
    const made = await init(o, Date.now());
    print(o.json, { keys: made }, madeText(made));
    next(o.json, [
      `${SP} sign --repository ${o.repository} --keys ${o.keys}`,
      'Copy each offline key to a medium of its holder, and delete it here. Keep a second copy of each.',
    ]);
  });

  shared(
    release
      .command('key')
      .description('Create one key on its holder’s machine. Give its public half to the person who creates the root.')
      .addOption(new Option('--role <role>', 'what the key is for').choices(ROLE_NAMES).makeOptionMandatory())
      .requiredOption('--keys <folder>', 'folder for the key'),
  ).action(async (o) => {
    const made = await makeKey(o.keys, o.role, o.passphraseFile, Date.now());
    print(o.json, made, `${o.role} key ${made.keyid.slice(0, 12)}\n${made.file}\n${made.publicFile}`);
    next(o.json, [`Give ${made.publicFile} to the person who runs release init or release rotate-key (--public).`]);
  });

  shared(
    release
      .command('rotate-key')
      .description(
        'Stage a root with new keys for a role. Kiosks accept it when the old and the new keys have signed it.',
      )
      .requiredOption('--repository <folder>', 'working copy')
      .addOption(new Option('--role <role>', 'role whose keys change').choices(ROLE_NAMES).makeOptionMandatory())
      .option('--remove <key>', 'key to remove: at least the first 8 characters of its name', collect, [])
      .option('--public <file>', 'public half of a key to add', collect, [])
      .option('--make <n>', 'keys to create (default: as many as are removed)', wholeNumber(0, 20))
      .option('--keys <folder>', 'folder for the new keys')
      .option('--threshold <n>', 'signatures needed from now on', wholeNumber(1, 20))
      .option('--yes', 'don’t ask for confirmation'),
  ).action(async (o) => {
    await confirm(`Change the keys for ${o.role}?`, o.yes ?? false);
    const made = await rotate(o, Date.now());
    const workspace = openWorkspace(o.repository);
    const text = [madeText(made), describedText(describeStaged(workspace)), approvalsText(approvals(workspace))];
    print(o.json, { keys: made, approvals: approvals(workspace) }, text.filter(Boolean).join('\n'));
    next(o.json, [
      `${SP} sign --repository ${o.repository} --keys <folder>, by the holders of old and new keys`,
      `${SP} publish --repository ${o.repository} --keys <online keys>`,
    ]);
  });
}

interface SignOptions {
  readonly repository: string;
  readonly keys: readonly string[];
  readonly build?: string;
  readonly manifest?: string;
  readonly replace?: boolean;
  readonly withdraw?: string;
  readonly renew?: OfflineRole;
  readonly yes?: boolean;
  readonly passphraseFile?: string;
  readonly now: number;
  readonly progress: CommandOutput['progress'];
}

function registerSigning(release: Command): void {
  shared(
    release
      .command('sign')
      .description(
        'Stage a build, a withdrawal or a renewal, show everything staged, and sign it with the keys at hand.',
      )
      .requiredOption(
        '--repository <folder>',
        'working copy; on an offline machine its folders metadata and staged are enough',
      )
      .option('--keys <folder>', 'folder of offline keys; without it, nothing is signed', collect, [])
      .option('--build <file>', 'archive of a build')
      .option('--manifest <file>', 'its build.json, for an installer that can’t be read')
      .option('--replace', 'replace the contents of a version that is already signed')
      .option('--withdraw <version>', 'stop offering this version')
      .addOption(new Option('--renew <role>', 'sign the same content with a new date').choices([...OFFLINE]))
      .option('--yes', 'don’t ask for confirmation'),
    `${PASSPHRASES}\nExit code 1 while signatures are missing.`,
  ).action(async (o) => {
    const progress = terminalOutput(o.json ?? false, () => null);
    const done = await sign({ ...o, now: Date.now(), progress: progress.progress });
    progress.end();
    const lacking = done.approvals.some(({ have, need }) => have.length < need);
    print(o.json, done, approvalsText(done.approvals) || 'Nothing is staged.');
    next(
      o.json,
      done.approvals.length === 0
        ? [`${SP} sign --repository ${o.repository} --build <archive>`]
        : lacking
          ? ['The holders of the keys named above run the same command with --keys.']
          : [`${SP} publish --repository ${o.repository} --keys <online keys>`],
    );
    process.exitCode = lacking ? EXIT.attention : EXIT.ok;
  });
}

interface SignResult {
  readonly signed: readonly { readonly keyid: string; readonly role: OfflineRole }[];
  readonly approvals: readonly Approval[];
}

/** Stages what is requested, shows everything staged, and adds the signatures of the keys at hand. */
async function sign(o: SignOptions): Promise<SignResult> {
  const workspace = openWorkspace(o.repository);
  for (const folder of o.keys) requireApart(folder, o.repository);
  if (o.build) await addBuild(workspace, o.build, o);
  if (o.withdraw) stageWithdrawal(workspace, o.withdraw, o.now);
  if (o.renew) stageRenewal(workspace, o.renew, o.now);
  const waiting = approvals(workspace);
  const asked = new Set(waiting.flatMap(({ keyids }) => keyids));
  if (waiting.length > 0) process.stderr.write(`${describedText(describeStaged(workspace))}\n`);
  if (waiting.length === 0 || o.keys.length === 0) return { signed: [], approvals: waiting };
  await confirm('Sign this?', o.yes ?? false);
  const signers = await openKeys(o.keys, OFFLINE, asked, passphrases(o.passphraseFile));
  return { signed: signStaged(workspace, signers), approvals: approvals(workspace) };
}

async function addBuild(workspace: Workspace, file: string, o: SignOptions): Promise<void> {
  const archive = await inspectArchive(file, o.manifest);
  if (o.replace)
    await confirm(
      `Give version ${archive.build.version} different content from what was signed before?`,
      o.yes ?? false,
    );
  // Before copying, so that an existing version is refused with the right error.
  stageBuild({ ...workspace, stage: () => undefined }, archive, o);
  await placeArchive(file, workspace.folder, archive, (done) => o.progress(done, archive.length, 'bytes'));
  stageBuild(workspace, archive, o);
}

/**
 * Asks for confirmation of an irreversible action.
 *
 * @param yes confirmed on the command line already
 * @throws Problem `confirmation-needed`, `not-confirmed`
 */
async function confirm(question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) throw new Problem('confirmation-missing', { question });
  const answer = await ask(`${question} [y/N] `).catch(() => ''); // no answer means no
  if (!/^y(es)?$/i.test(answer)) throw new Problem('not-confirmed');
}

import { type Command, Option } from 'commander';
import { describeStaged } from '../../../build/release/describe.ts';
import { OFFLINE, type OfflineRole, ROLE_NAMES, type RoleName } from '../../../build/release/documents.ts';
import { approvals } from '../../../build/release/stage.ts';
import { openWorkspace } from '../../../build/release/workspace.ts';
import { EXIT } from '../exit-codes.ts';
import { collect, wholeNumber } from '../options.ts';
import { terminalOutput } from '../output.ts';
import { confirm } from './confirm.ts';
import { init, makeKey, rotate } from './make.ts';
import { next, output, PASSPHRASES, SP, shared } from './options.ts';
import { registerChecks, registerPublishing } from './publication.ts';
import { sign } from './sign.ts';
import { approvalsText, describedText, madeText } from './text.ts';

/** `release init|key|sign|publish|refresh|rotate-key|verify|status`. */
export function registerRelease(program: Command): void {
  const release = program.command('release').description('Sign and publish kiosk builds, and manage the signing keys.');
  registerMaking(release);
  registerSigning(release);
  registerPublishing(release);
  registerChecks(release);
}

interface InitArgs {
  readonly repository: string;
  readonly keys: string;
  readonly onlineKeys: string;
  readonly public: string[];
  readonly rootKeys: number;
  readonly rootThreshold: number;
  readonly targetsKeys: number;
  readonly targetsThreshold: number;
  readonly rootDays?: number;
  readonly targetsDays?: number;
  readonly snapshotDays?: number;
  readonly timestampDays?: number;
  readonly passphraseFile?: string;
  readonly onlinePassphraseFile?: string;
  readonly json?: boolean;
}

function registerMaking(release: Command): void {
  const days = (command: Command, role: RoleName, usual: number) =>
    command.option(`--${role}-days <n>`, `how long ${role} metadata are good for (${usual})`, wholeNumber(1, 3650));
  const init_ = release
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
    .option('--online-passphrase-file <file>', 'passphrase of the online keys (default: that of --passphrase-file)');
  for (const [role, usual] of [
    ['root', 365],
    ['targets', 365],
    ['snapshot', 30],
    ['timestamp', 7],
  ] as const)
    days(init_, role, usual);
  shared(init_).action(async (o: InitArgs) => {
    const made = await init({
      repository: o.repository,
      keys: o.keys,
      onlineKeys: o.onlineKeys,
      public: o.public,
      count: { root: o.rootKeys, targets: o.targetsKeys, snapshot: 1, timestamp: 1 },
      threshold: { root: o.rootThreshold, targets: o.targetsThreshold, snapshot: 1, timestamp: 1 },
      days: {
        ...(o.rootDays && { root: o.rootDays }),
        ...(o.targetsDays && { targets: o.targetsDays }),
        ...(o.snapshotDays && { snapshot: o.snapshotDays }),
        ...(o.timestampDays && { timestamp: o.timestampDays }),
      },
      passphraseFile: o.passphraseFile,
      onlinePassphraseFile: o.onlinePassphraseFile,
      now: Date.now(),
    });
    output(o.json, madeText(made)).line({ keys: made });
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
  ).action(async (o: { role: RoleName; keys: string; passphraseFile?: string; json?: boolean }) => {
    const made = await makeKey(o.keys, o.role, o.passphraseFile, Date.now());
    output(o.json, `${o.role} key ${made.keyid.slice(0, 12)}\n${made.file}\n${made.publicFile}`).line(made);
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
  ).action(
    async (o: {
      repository: string;
      role: RoleName;
      remove: string[];
      public: string[];
      make?: number;
      keys?: string;
      threshold?: number;
      yes?: boolean;
      passphraseFile?: string;
      json?: boolean;
    }) => {
      await confirm(`Change the keys for ${o.role}?`, o.yes ?? false);
      const made = await rotate({
        ...o,
        make: o.make,
        keys: o.keys,
        threshold: o.threshold,
        passphraseFile: o.passphraseFile,
        now: Date.now(),
      });
      const workspace = openWorkspace(o.repository);
      const text = [madeText(made), describedText(describeStaged(workspace)), approvalsText(approvals(workspace))];
      output(o.json, text.filter(Boolean).join('\n')).line({ keys: made, approvals: approvals(workspace) });
      next(o.json, [
        `${SP} sign --repository ${o.repository} --keys <folder>, by the holders of old and new keys`,
        `${SP} publish --repository ${o.repository} --keys <online keys>`,
      ]);
    },
  );
}

interface SignArgs {
  readonly repository: string;
  readonly keys: string[];
  readonly build?: string;
  readonly manifest?: string;
  readonly replace?: boolean;
  readonly withdraw?: string;
  readonly renew?: OfflineRole;
  readonly yes?: boolean;
  readonly passphraseFile?: string;
  readonly json?: boolean;
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
  ).action(async (o: SignArgs) => {
    const progress = terminalOutput(o.json ?? false, () => null);
    const done = await sign({
      ...o,
      build: o.build,
      manifest: o.manifest,
      withdraw: o.withdraw,
      renew: o.renew,
      passphraseFile: o.passphraseFile,
      replace: o.replace ?? false,
      yes: o.yes ?? false,
      now: Date.now(),
      progress: progress.progress,
    });
    progress.end();
    const lacking = done.approvals.some(({ have, need }) => have.length < need);
    output(o.json, approvalsText(done.approvals) || 'Nothing is staged.').line(done);
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

import { describeStaged } from '../../../build/release/describe.ts';
import { OFFLINE, type OfflineRole } from '../../../build/release/documents.ts';
import {
  type Approval,
  approvals,
  signStaged,
  stageBuild,
  stageRenewal,
  stageWithdrawal,
} from '../../../build/release/stage.ts';
import { openWorkspace, requireApart, type Workspace } from '../../../build/release/workspace.ts';
import { inspectArchive, placeArchive } from './archive.ts';
import { confirm } from './confirm.ts';
import { openKeys, passphrases } from './passphrases.ts';
import { describedText } from './text.ts';

export interface SignOptions {
  readonly repository: string;
  readonly keys: readonly string[];
  readonly build: string | undefined;
  readonly manifest: string | undefined;
  readonly replace: boolean;
  readonly withdraw: string | undefined;
  readonly renew: OfflineRole | undefined;
  readonly passphraseFile: string | undefined;
  readonly yes: boolean;
  readonly now: number;
  readonly progress: (done: number, total: number, what: string) => void;
}

export interface SignResult {
  readonly signed: readonly { readonly keyid: string; readonly role: OfflineRole }[];
  readonly approvals: readonly Approval[];
}

/** Stages what is asked for, shows everything that is staged, and adds the signatures of the keys at hand. */
export async function sign(o: SignOptions): Promise<SignResult> {
  const workspace = openWorkspace(o.repository);
  for (const folder of o.keys) requireApart(folder, o.repository);
  if (o.build) await addBuild(workspace, o.build, o);
  if (o.withdraw) stageWithdrawal(workspace, o.withdraw, o.now);
  if (o.renew) stageRenewal(workspace, o.renew, o.now);
  const waiting = approvals(workspace);
  const asked = new Set(waiting.flatMap(({ keyids }) => keyids));
  if (waiting.length > 0) process.stderr.write(`${describedText(describeStaged(workspace))}\n`);
  if (waiting.length === 0 || o.keys.length === 0) return { signed: [], approvals: waiting };
  await confirm('Sign this?', o.yes);
  const signers = await openKeys(o.keys, OFFLINE, asked, passphrases(o.passphraseFile));
  return { signed: signStaged(workspace, signers), approvals: approvals(workspace) };
}

async function addBuild(workspace: Workspace, file: string, o: SignOptions): Promise<void> {
  const archive = await inspectArchive(file, o.manifest);
  if (o.replace) await confirm(`Give version ${archive.build.version} other bytes than were signed before?`, o.yes);
  // Before it is copied: a version that is there already is refused for what it is.
  stageBuild({ ...workspace, stage: () => undefined }, archive, o);
  await placeArchive(file, workspace.folder, archive, (done) => o.progress(done, archive.length, 'bytes'));
  stageBuild(workspace, archive, o);
}

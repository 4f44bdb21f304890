import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deviceSecretFile } from '../../electron/core/keys/device-secret.ts';
import { slotsFile } from '../../electron/core/keys/slots.ts';
import { destroyEverything } from '../../electron/core/leaving/destroy.ts';
import { JOURNAL_FILE, readJournal } from '../../electron/core/leaving/journal.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { type Keystore, readDeviceSecret } from '../../electron/host-electron/device-secret.ts';
import { Recording } from './disk.ts';
import { type Found, type Recorded, tryScenario } from './harness.ts';
import { env, homeIn, openAfterCut } from './kiosk.ts';
import { readTrace, recordRun } from './trace.ts';

const CHILDREN = join(import.meta.dirname, 'children');

/** A keystore that stores nothing itself, since the file is what is tested. */
const plainKeystore: Keystore = {
  isAsyncEncryptionAvailable: async () => true,
  getSelectedStorageBackend: () => 'gnome_libsecret',
  encryptStringAsync: async (text) => Buffer.from(text),
  decryptStringAsync: async (sealed) => ({ result: sealed.toString(), shouldReEncrypt: false }),
};

/** The Electron host's device secret, for a kiosk whose keystore stores nothing itself. */
export const plainSecret = (home: string): Promise<string | null> =>
  readDeviceSecret({ keystore: plainKeystore, platform: 'linux', env: {}, home, allowFile: false });

/** The Electron host makes its device secret once. With another one, or half of it, the store could never be opened. */
export async function electronSecret(root: string): Promise<Recorded> {
  const home = homeIn(root);
  mkdirSync(home, { recursive: true });
  const recording = new Recording(root);
  const file = `${root}.strace`;
  await recordRun(file, [process.execPath, join(CHILDREN, 'electron-secret.ts'), home], env());
  recording.add(await readTrace(file));
  const secret = await plainSecret(home);
  const start = async (folder: string): Promise<Found & { secret: string | null }> => {
    try {
      return { problems: [], secret: await plainSecret(homeIn(folder)) };
    } catch (error) {
      return { problems: [(error as Error).message], secret: null };
    }
  };
  const facts = [
    {
      from: `<${secret}>`,
      what: 'the device secret',
      holds: (found: { secret: string | null }) => found.secret === secret,
    },
  ];
  return (how) => tryScenario({ recording, facts, start }, how, `${root}-cuts`);
}

interface FoundLeft extends Found {
  /** Whether it would start as a kiosk. */
  readonly kiosk: boolean;
  /** Whether something that opens the store is on the disk. */
  readonly keys: boolean;
  /** Whether it continues to leave: it destroys its data, and waits for its server to take note. */
  readonly leaves: boolean;
  /** What is in its folder besides the journal, once it has continued. */
  readonly left: readonly string[];
}

/** A kiosk that is to destroy everything. From then on it isn't a kiosk, later no key is left, and finally it is done. */
export async function leaving(root: string): Promise<Recorded> {
  const home = homeIn(root);
  ensureKioskFolder(home, false);
  await (await openKiosk({ home, deviceSecret: null, allowSecretFile: true })).close();
  const recording = new Recording(root);
  const file = `${root}.strace`;
  await recordRun(file, [process.execPath, join(CHILDREN, 'leaving.ts'), home], env());
  recording.add(await readTrace(file));
  for (const secret of [slotsFile(home), deviceSecretFile(home)]) requireZerosFirst(recording, secret);
  const start = async (folder: string): Promise<FoundLeft> => {
    const at = homeIn(folder);
    const keys = [slotsFile(at), deviceSecretFile(at)].some(
      (one) => existsSync(one) && readFileSync(one).some((byte) => byte !== 0),
    );
    const journal = readJournal(at);
    if (journal === 'unreadable' || journal?.state === 'destroying') destroyEverything(at);
    const left = readdirSync(at).filter((name) => name !== JOURNAL_FILE);
    // After that, nothing more is destroyed.
    const early = journal && left.length > 0 ? [`it has destroyed everything, and there is ${left.join(', ')}`] : [];
    const found = { problems: early, kiosk: false, keys, leaves: journal !== null, left };
    if (journal || !left.includes('site.json')) return found;
    return { ...found, problems: (await openAfterCut(folder)).problems, kiosk: true };
  };
  const facts = [
    { from: '<leaving>', what: 'that it is no kiosk any more', holds: ({ kiosk }: FoundLeft) => !kiosk },
    { from: '<destroyed>', what: 'that its keys are destroyed', holds: ({ keys }: FoundLeft) => !keys },
    { from: '<destroyed>', what: 'that nothing of it is left', holds: ({ left }: FoundLeft) => left.length === 0 },
    { from: '<left>', what: 'that it is done with leaving', holds: ({ leaves }: FoundLeft) => !leaves },
  ];
  return (how) => tryScenario({ recording, facts, start }, how, `${root}-cuts`);
}

/** Requires zeros to be on the disk before a file is truncated, since its blocks are never written again. */
function requireZerosFirst(recording: Recording, path: string): void {
  const short = path.slice(recording.root.length + 1);
  const steps = recording.steps.map((step) => {
    if (step.step === 'flush') return step.path === short ? 'flush' : '';
    if (step.step === 'said' || step.operation.path !== short) return '';
    const { operation } = step;
    return operation.kind === 'write' && operation.bytes.every((byte) => byte === 0) ? 'zeros' : operation.kind;
  });
  if (!/zeros flush size names/.test(steps.filter(Boolean).join(' ')))
    throw new Error(`${short} is not overwritten and flushed before it goes: ${steps.filter(Boolean).join(' ')}`);
}

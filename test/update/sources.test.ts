import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { readState, readStatus, serverSocket, type UpdaterStatus } from '../../electron/core/update/files.ts';
import type { UpdateLayout } from '../../electron/core/update/layout.ts';
import { shareServer } from '../../electron/core/update/server-share.ts';
import { verifyBuild } from '../../electron/host-browser/update/unpack.ts';
import { downloadsFolder } from '../../electron/host-browser/update/updater.ts';
import { VerifiedAgent } from '../../sync/edge/tls/agent.ts';
import type { TransportOptions } from '../../sync/edge/transport/interface.ts';
import { httpSource } from '../../sync/edge/update/http-source.ts';
import { revokeDevice } from '../../sync/protocol/api/devices.ts';
import { targetFile, targetPath, UPDATES_PATH, USB_FOLDER } from '../../sync/protocol/wire/release.ts';
import { cantRun, run } from '../kiosk-image/machine.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { newKiosk, transportOptions } from '../kit/kiosk.ts';
import { newServer, type TestServer } from '../kit/server.ts';
import { buildArchive } from './archives.ts';
import { type HttpsMirror, startHttpsMirror } from './https-mirror.ts';
import { makeRepository, place, type Repository } from './repository.ts';
import { stubBuild } from './stub-kiosk.ts';
import { ask, install, installFirst, kioskFolders } from './updater.ts';

/**
 * The three sources of a build for a kiosk, each with the real transport: its server (mutual TLS to the core, the core's
 * socket to the updater), a mirror (HTTPS), a USB stick (a mounted file system). `kiosk updater` runs as a separate process.
 */
const PROGRAM = join(import.meta.dirname, '../../electron/cli/kiosk.ts');
const NEXT = '0.3.0';

const repositoryFolder = temporaryFolder();
const archives = temporaryFolder();
let repository: Repository;
let server: TestServer;
let archive: Buffer;

beforeAll(async () => {
  repository = makeRepository(repositoryFolder.path);
  repository.now = Date.now();
  const made = buildArchive(archives.path, stubBuild(NEXT, {}, { files: { big: randomBytes(3_000_000) } }));
  archive = readFileSync(made.archive);
  repository.add(NEXT, archive, made.facts);
  server = await newServer({ env: { SMARTPRESENCE_UPDATES: repositoryFolder.path } });
});
afterAll(async () => {
  await server?.close();
  repositoryFolder.remove();
  archives.remove();
});

interface TestKiosk {
  readonly layout: UpdateLayout;
  /** Requests the next version and runs the real updater once. */
  update(source: 'network' | 'usb', env?: NodeJS.ProcessEnv): Promise<UpdaterStatus>;
  expectStaged(status: UpdaterStatus): Promise<void>;
}

/** Creates a kiosk of version 0.2.0 without any source of updates. */
async function kiosk(): Promise<TestKiosk> {
  const { root, layout, archives: own } = kioskFolders();
  await installFirst(layout, own, stubBuild('0.2.0'));
  writeFileSync(join(layout.work, 'root.json'), repository.trustedRoot);
  return {
    layout,
    async update(source, env = {}) {
      const id = ask(layout, 'stage', { ...install(NEXT), source });
      const child = spawn(process.execPath, [PROGRAM, 'updater'], {
        env: { PATH: process.env.PATH, SMARTPRESENCE_SLOTS: root, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (text) => {
          said += text;
        });
      const code = await new Promise((resolve) => child.once('close', resolve));
      expect(code, said).toBe(0);
      const status = readStatus(layout);
      expect(status?.request, said).toBe(id);
      return status!;
    },
    async expectStaged(status) {
      expect(status).toMatchObject({ state: 'done', problem: null, build: expect.stringMatching(`^${NEXT}-`) });
      const { manifest } = await verifyBuild(join(layout.builds, status.build!));
      expect(manifest.version).toBe(NEXT);
    },
  };
}

test('a running updater is replaced by that of the build it has switched to', async () => {
  const { layout, update } = await kiosk();
  const mirror = await startHttpsMirror(repositoryFolder.path);
  onTestFinished(() => mirror.close());
  const ca = join(archives.path, 'own-ca.pem');
  writeFileSync(ca, mirror.ca);
  const env = { SMARTPRESENCE_UPDATE_MIRRORS: mirror.url, NODE_EXTRA_CA_CERTS: ca };
  const { build } = await update('network', env);
  const stays = spawn(process.execPath, [PROGRAM, 'updater', '--watch'], {
    env: { PATH: process.env.PATH, SMARTPRESENCE_SLOTS: join(layout.builds, '..'), ...env },
    stdio: 'ignore',
  });
  onTestFinished(() => void stays.kill('SIGKILL'));
  const ended = new Promise((resolve) => stays.once('exit', resolve));
  const id = ask(layout, 'check', {});
  await expect.poll(() => readStatus(layout)?.request, { timeout: 60_000 }).toBe(id);
  expect(stays.exitCode).toBeNull();
  const attempt = '44444444-4444-4444-8444-444444444444';
  ask(layout, 'switch', { build: build!, attempt, trialMinutes: 10 });
  expect(await ended).toBe(0);
  expect(readState(layout)).toMatchObject({ current: build, attempt });
});

const codeOf = ({ state, problem }: UpdaterStatus) => [state, problem?.code ?? null];

describe('the server', () => {
  /** Serves the updater as a core does: a socket, and behind it the connection to the server. */
  async function share(layout: UpdateLayout, line: TransportOptions | null) {
    const shared = await shareServer({ layout, server: () => line, log: () => undefined });
    onTestFinished(() => shared.close());
    return shared;
  }
  async function lineToServer(): Promise<TransportOptions> {
    return transportOptions(await newKiosk(server), server.now);
  }

  test('is reached over the core’s socket with the device’s certificate, since the updater has neither key nor network', async () => {
    const { layout, update, expectStaged } = await kiosk();
    await share(layout, await lineToServer());
    expect(statSync(serverSocket(layout)).mode & 0o777).toBe(0o660);
    const status = await update('network');
    await expectStaged(status);
    expect(status.moved).toBeGreaterThan(archive.length);
    expect(status.moved).toBeLessThan(archive.length + 100_000);
  });

  test('continues an interrupted download over the socket', async () => {
    const { layout, update, expectStaged } = await kiosk();
    await share(layout, await lineToServer());
    const hash = createHash('sha256').update(archive).digest('hex');
    place(downloadsFolder(layout), `.build.tar.gz.${hash.slice(0, 32)}.part`, archive.subarray(0, 2_000_000));
    const status = await update('network');
    await expectStaged(status);
    expect(status.moved).toBeGreaterThan(archive.length - 2_000_000);
    expect(status.moved).toBeLessThan(archive.length - 2_000_000 + 100_000);
  });

  test('says if it is busy, and serves everything later', async () => {
    const { layout, update, expectStaged } = await kiosk();
    const line = await lineToServer();
    await share(layout, line);
    const agent = new VerifiedAgent(line, { maxSockets: 2 });
    onTestFinished(() => agent.destroy());
    const source = httpSource({ name: 'server', url: `${line.bundle.serverUrl}${UPDATES_PATH}`, agent });
    // Larger than all buffers in transit, so its downloads stay open until they are read.
    repository.add('0.2.1', randomBytes(32_000_000));
    const path = targetPath({ version: '0.2.1', platform: 'linux-x64' }, 'tar.gz');
    const { sha256 } = repository.workspace.targets()!.signed.targets[path]!.hashes;
    const hurry = new AbortController();
    // The server allows one kiosk two downloads at once.
    for (let i = 0; i < 2; i++) await source.open(targetFile(path, sha256!), { from: 0, signal: hurry.signal });
    expect(codeOf(await update('network'))).toEqual(['refused', 'update-busy']);
    hurry.abort();
    await expect.poll(async () => (await update('network')).state, { timeout: 60_000, interval: 500 }).toBe('done');
    await expectStaged(readStatus(layout)!);
  });

  test('without a core, without a server, unreachable, or for a revoked device, fails with a code and changes nothing', async () => {
    const { layout, update } = await kiosk();
    const before = readdirSync(layout.builds).toSorted();
    expect(codeOf(await update('network'))).toEqual(['refused', 'update-unreachable']);
    const alone = await share(layout, null);
    expect(codeOf(await update('network'))).toEqual(['refused', 'update-refused']);
    await alone.close();
    const line = await lineToServer();
    await share(layout, line);
    await server.whileDown(async () => {
      expect(codeOf(await update('network'))).toEqual(['refused', 'update-refused']);
    });
    await server.call(revokeDevice, { params: { device: line.device } });
    const turnedAway = await update('network');
    expect(codeOf(turnedAway)).toEqual(['refused', 'device-revoked']);
    expect(JSON.stringify(turnedAway)).toContain('let it join again with a new code');
    expect(readdirSync(layout.builds).toSorted()).toEqual(before);
  });
});

describe('a mirror', () => {
  let mirror: HttpsMirror;
  const ca = join(archives.path, 'mirror-ca.pem');
  beforeAll(async () => {
    mirror = await startHttpsMirror(repositoryFolder.path);
    writeFileSync(ca, mirror.ca);
  });
  afterAll(() => mirror?.close());

  test('is used over HTTPS if the server has nothing', async () => {
    const { update, expectStaged } = await kiosk();
    const before = mirror.sent;
    const status = await update('network', { SMARTPRESENCE_UPDATE_MIRRORS: mirror.url, NODE_EXTRA_CA_CERTS: ca });
    await expectStaged(status);
    expect(status.moved).toBe(mirror.sent - before);
    expect(mirror.asked.at(-1)).toMatch(
      /^targets\/kiosk\/linux-x64\/0\.3\.0\/[0-9a-f]{64}\.smartpresence-kiosk\.tar\.gz$/,
    );
  });

  test('with an untrusted certificate is not used', async () => {
    const { layout, update } = await kiosk();
    const asked = mirror.asked.length;
    const status = await update('network', { SMARTPRESENCE_UPDATE_MIRRORS: mirror.url });
    expect(codeOf(status)).toEqual(['refused', 'update-unreachable']);
    expect(mirror.asked).toHaveLength(asked);
    expect(existsSync(join(layout.builds, NEXT))).toBe(false);
  });
});

const impossible = cantRun('mount', 'losetup', 'mkfs.ext4');
if (impossible) console.log(impossible.replace('the kiosk’s image', 'updates from a stick'));

describe('a USB stick', () => {
  test('that is missing', async () => {
    const { update } = await kiosk();
    const status = await update('usb', { SMARTPRESENCE_UPDATE_MOUNTS: archives.path });
    expect(codeOf(status)).toEqual(['refused', 'update-no-stick']);
  });

  /** Mounts a separate file system with a copy of the repository, as the kiosk's `stick` program does. */
  function plugIn(change: (folder: string) => void = () => undefined): string {
    const folder = temporaryFolder();
    const content = join(folder.path, 'content');
    cpSync(join(repositoryFolder.path, 'metadata'), join(content, USB_FOLDER, 'metadata'), { recursive: true });
    cpSync(join(repositoryFolder.path, 'targets'), join(content, USB_FOLDER, 'targets'), { recursive: true });
    change(join(content, USB_FOLDER));
    const image = join(folder.path, 'stick.img');
    const at = join(folder.path, 'mounts', 'STICK');
    mkdirSync(at, { recursive: true });
    run('truncate', '-s', '96M', image);
    run('mkfs.ext4', '-q', '-d', content, image);
    const disk = run('losetup', '--find', '--show', '--read-only', image).trim();
    onTestFinished(() => {
      run('umount', '-l', at);
      run('losetup', '--detach', disk);
      folder.remove();
    });
    run('mount', '-o', 'ro,nosuid,nodev,noexec', disk, at);
    return join(folder.path, 'mounts');
  }

  test.skipIf(impossible !== null)('with a copy of the repository, on its own file system', async () => {
    const { update, expectStaged } = await kiosk();
    const status = await update('usb', { SMARTPRESENCE_UPDATE_MOUNTS: plugIn() });
    await expectStaged(status);
    expect(status.moved).toBeGreaterThan(archive.length);
  });

  test.skipIf(impossible !== null)('with altered bytes', async () => {
    const { layout, update } = await kiosk();
    const mounts = plugIn((folder) => {
      const path = readdirSync(folder, { recursive: true }).find(
        (name) => String(name).includes(`/${NEXT}/`) && String(name).endsWith('.tar.gz'),
      )!;
      const bytes = readFileSync(join(folder, String(path)));
      bytes[bytes.length - 100]! ^= 1;
      writeFileSync(join(folder, String(path)), bytes);
    });
    const status = await update('usb', { SMARTPRESENCE_UPDATE_MOUNTS: mounts });
    expect(codeOf(status)).toEqual(['refused', 'update-target-wrong']);
    expect(readdirSync(layout.builds).filter((name) => name.startsWith(NEXT))).toEqual([]);
  });
});

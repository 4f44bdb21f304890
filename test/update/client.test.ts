import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { stageRenewal } from '../../build/release/stage.ts';
import { download } from '../../sync/edge/update/download.ts';
import { folderSource } from '../../sync/edge/update/folder-source.ts';
import { httpSource } from '../../sync/edge/update/http-source.ts';
import type { UpdateSource } from '../../sync/edge/update/source.ts';
import { targetFile, targetPath } from '../../sync/protocol/wire/release.ts';
import { temporaryFolder } from '../kit/folder.ts';
import {
  build,
  codeOf,
  DAY,
  type Kiosk,
  type Mirror,
  makeKiosk,
  makeRepository,
  type Repository,
  send,
  startMirror,
  T0,
  TEST_PACE,
} from './repository.ts';

/** The kiosk's client for signed updates without an attacker: clocks, broken connections, sticks, damaged disks. */

let home: ReturnType<typeof temporaryFolder>;
let repository: Repository;
let server: Mirror;
let kiosk: Kiosk;
let archive: Buffer;
let to: string;
const PATH = targetPath(build('1.1.0'));

beforeEach(async () => {
  home = temporaryFolder();
  repository = makeRepository(join(home.path, 'repository'));
  archive = repository.add('1.1.0', randomBytes(400_000));
  server = await startMirror(repository.workspace.folder);
  kiosk = makeKiosk(join(home.path, 'kiosk'), repository.trustedRoot, [server]);
  to = join(home.path, 'kiosk', 'downloads', 'build.tar.gz');
});
afterEach(async () => {
  vi.useRealTimers();
  await server.close();
  home.remove();
});

const find = async (sources?: readonly UpdateSource[]) => (await kiosk.client(sources)).find('1.1.0');
const get = async (sources?: readonly UpdateSource[]): Promise<Buffer> => {
  const client = await kiosk.client(sources);
  await client.download(await client.find('1.1.0'), to);
  return readFile(to);
};
const ranges = () => server.asked.filter((path) => path.startsWith('targets/')).length;
const trusted = (name: string) => join(home.path, 'kiosk/trusted', name);

test('a kiosk finds the archive of its own host, under the same version', async () => {
  const electron = repository.add('1.1.0', randomBytes(1_000), { host: 'electron' });
  repository.add('1.2.0', randomBytes(1_000));
  expect((await (await kiosk.client()).newest())?.build).toMatchObject({ version: '1.2.0', host: 'browser' });
  expect(await get()).toEqual(archive);
  kiosk.running = build('1.0.0', { host: 'electron' });
  // There is no 1.2.0 for Electron, and a build for the other host is not an update.
  expect((await (await kiosk.client()).newest())?.build).toMatchObject({ version: '1.1.0', host: 'electron' });
  expect(await codeOf((await kiosk.client()).find('1.2.0'))).toBe('update-unknown-version');
  expect(await get()).toEqual(electron);
});

describe('trusted time, not the system’s clock, decides', () => {
  test('expired metadata is refused with the clock set back by years', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2001, 0, 1) });
    kiosk.now = T0 + DAY;
    expect(await codeOf(find())).toBe('taken');
    kiosk.now = T0 + 8 * DAY;
    expect(await codeOf(find())).toBe('update-expired');
  });

  test('valid metadata is accepted with the clock set forward by years', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2099, 0, 1) });
    kiosk.now = T0 + DAY;
    expect(await codeOf(find())).toBe('taken');
    expect(await get()).toEqual(archive);
  });

  test('an invalid time accepts nothing', async () => {
    kiosk.now = Number.NaN;
    expect(await codeOf(find())).toBe('update-clock');
  });
});

describe('a download', () => {
  /** Breaks the connection after this many bytes of the archive. */
  const breakAfter = (bytes: number, times = 1) => {
    let left = times;
    const ranges: (string | undefined)[] = [];
    server.mischief = (path, request, response) => {
      if (!path.startsWith('targets/')) return false;
      ranges.push(request.headers.range);
      if (left-- <= 0) return false;
      const from = Number(/\d+/.exec(request.headers.range ?? '0')![0]);
      response.writeHead(from > 0 ? 206 : 200, {
        'content-length': archive.length - from,
        ...(from > 0 && { 'content-range': `bytes ${from}-${archive.length - 1}/${archive.length}` }),
      });
      response.write(archive.subarray(from, from + bytes), () => setTimeout(() => response.destroy(), 50));
      return true;
    };
    return ranges;
  };

  test('continues where the connection broke, also in another process', async () => {
    const asked = breakAfter(100_000, 2);
    expect(await codeOf(get())).toBe('update-unreachable');
    expect(existsSync(to)).toBe(false);
    expect(await codeOf(get())).toBe('update-unreachable');
    expect(await get()).toEqual(archive);
    expect(asked).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
    expect(readdirSync(join(to, '..'))).toEqual(['build.tar.gz']);
  });

  test('continues at another source within the same call', async () => {
    breakAfter(100_000);
    const second = await startMirror(repository.workspace.folder);
    let asked: string | undefined;
    second.mischief = (path, request) => {
      if (path.startsWith('targets/')) asked = request.headers.range;
      return false;
    };
    kiosk = makeKiosk(join(home.path, 'kiosk'), repository.trustedRoot, [server, second]);
    expect(await get()).toEqual(archive);
    expect(asked).toBe('bytes=100000-');
    await second.close();
  });

  test('starts over if the server does not support ranges, or sends another one', async () => {
    breakAfter(100_000);
    expect(await codeOf(get())).toBe('update-unreachable');
    server.mischief = (path, _request, response) => {
      if (!path.startsWith('targets/')) return false;
      response.writeHead(200).end(archive);
      return true;
    };
    expect(await get()).toEqual(archive);
    rmSync(to);
    breakAfter(100_000);
    expect(await codeOf(get())).toBe('update-unreachable');
    server.mischief = (path, _request, response) => {
      if (!path.startsWith('targets/')) return false;
      response.writeHead(206, { 'content-range': `bytes 5-399999/400000` }).end(archive.subarray(5));
      return true;
    };
    expect(await codeOf(get())).toBe('update-refused');
  });

  test('recovers from what a power cut left: too much, or wrong bytes', async () => {
    for (const rest of [Buffer.alloc(150_000), Buffer.concat([archive, archive])]) {
      breakAfter(100_000);
      expect(await codeOf(get())).toBe('update-unreachable');
      const [part] = readdirSync(join(to, '..'));
      writeFileSync(join(to, '..', part!), rest);
      server.mischief = null;
      expect(await get()).toEqual(archive);
      rmSync(to);
    }
  });

  test('that is complete is not repeated, and one damaged since is', async () => {
    await get();
    await get();
    expect(ranges()).toBe(1);
    truncateSync(to, 1000);
    expect(await get()).toEqual(archive);
    expect(ranges()).toBe(2);
    // The same length, but not the signed content.
    const altered = Buffer.from(archive);
    altered[altered.length >> 1]! ^= 1;
    writeFileSync(to, altered);
    expect(await get()).toEqual(archive);
    expect(ranges()).toBe(3);
  });

  test('of other bytes leaves nothing of the previous one', async () => {
    breakAfter(100_000);
    expect(await codeOf(get())).toBe('update-unreachable');
    const other = repository.add('1.2.0');
    const client = await kiosk.client();
    await client.download(await client.find('1.2.0'), to);
    expect(readFileSync(to)).toEqual(other);
    expect(readdirSync(join(to, '..'))).toEqual(['build.tar.gz']);
  });

  test('can be stopped, and continues later', async () => {
    const control = new AbortController();
    const client = await kiosk.client();
    const target = await client.find('1.1.0');
    server.mischief = (path, _request, response) => {
      if (!path.startsWith('targets/')) return false;
      response.writeHead(200, { 'content-length': archive.length });
      response.write(archive.subarray(0, 100_000));
      return true;
    };
    const progress = (done: number) => {
      if (done >= 100_000) control.abort();
    };
    expect(await codeOf(client.download(target, to, { progress, signal: control.signal }))).toBe('update-given-up');
    expect(await codeOf(client.download(target, to, { signal: control.signal }))).toBe('update-given-up');
    server.mischief = null;
    await client.download(target, to);
    expect(readFileSync(to)).toEqual(archive);
  });

  test('writes each chunk to disk before requesting the next, so that memory holds one', async () => {
    const pieces = Array.from({ length: 20 }, () => randomBytes(100_000));
    const whole = Buffer.concat(pieces);
    const target = { path: PATH, length: whole.length, sha256: createHash('sha256').update(whole).digest('hex') };
    const written: number[] = [];
    const onDisk = () =>
      readdirSync(join(to, '..')).reduce((sum, name) => sum + statSync(join(to, '..', name)).size, 0);
    const source: UpdateSource = {
      name: 'memory',
      open: async () => ({
        from: 0,
        total: null,
        bytes: (async function* () {
          for (const piece of pieces) {
            yield piece;
            written.push(onDisk());
          }
        })(),
      }),
    };
    await download(target, to, { sources: [source], pace: TEST_PACE });
    expect(written).toEqual(pieces.map((_, i) => (i + 1) * 100_000));
  });
});

describe('a USB stick', () => {
  const stick = () => {
    const folder = join(home.path, 'stick', 'smartpresence-updates');
    cpSync(join(repository.workspace.folder, 'metadata'), join(folder, 'metadata'), { recursive: true });
    cpSync(join(repository.workspace.folder, 'targets'), join(folder, 'targets'), { recursive: true });
    return folder;
  };
  const file = () => targetFile(PATH, repository.workspace.targets()!.signed.targets[PATH]!.hashes.sha256!);

  test('updates a kiosk without a network', async () => {
    await server.close();
    expect(await get([folderSource(stick())])).toEqual(archive);
    server = await startMirror(repository.workspace.folder);
  });

  test('is trusted no more than a server: old, tampered with, incomplete', async () => {
    const old = stick();
    repository.add('1.2.0');
    await find();
    expect(await codeOf(find([folderSource(old)]))).toBe('update-rollback');
    const fresh = join(home.path, 'fresh');
    cpSync(repository.workspace.folder, fresh, { recursive: true });
    writeFileSync(join(fresh, file()), Buffer.alloc(archive.length));
    expect(await codeOf(get([folderSource(fresh)]))).toBe('update-target-wrong');
    rmSync(join(fresh, file()));
    expect(await codeOf(get([folderSource(fresh)]))).toBe('update-incomplete');
    expect(await codeOf(find([folderSource(join(home.path, 'nothing'))]))).toBe('update-incomplete');
  });

  test('has only its regular files opened, no pipe, outside link or folder', async () => {
    const folder = stick();
    const timestamp = join(folder, 'metadata/timestamp.json');
    rmSync(timestamp);
    execFileSync('mkfifo', [timestamp]);
    expect(await codeOf(find([folderSource(folder)]))).toBe('update-refused');
    rmSync(timestamp);
    symlinkSync(join(repository.workspace.folder, 'metadata/timestamp.json'), timestamp);
    expect(await codeOf(find([folderSource(folder)]))).toBe('update-refused');
    rmSync(timestamp);
    mkdirSync(timestamp);
    expect(await codeOf(find([folderSource(folder)]))).toBe('update-refused');
    expect(
      await folderSource(folder).open('../../etc/passwd', { from: 0, signal: AbortSignal.timeout(60_000) }),
    ).toBeNull();
  });
});

describe('sources', () => {
  test('that hang and ignore signals delay nobody', async () => {
    const deaf: UpdateSource = { name: 'deaf', open: () => new Promise(() => undefined) };
    const mute: UpdateSource = {
      name: 'mute',
      open: async () => ({
        from: 0,
        total: null,
        bytes: (async function* () {
          yield Buffer.from('{');
          await new Promise(() => undefined);
        })(),
      }),
    };
    const good = httpSource({ name: 'server', url: server.url });
    expect(await get([deaf, mute, good])).toEqual(archive);
    expect(kiosk.log.map(({ source, code }) => [source, code])).toEqual([
      ['deaf', 'update-slow'],
      ['mute', 'update-slow'],
      ['server', undefined],
    ]);
  });

  test('report if there are none, and the most serious failure of several', async () => {
    expect(await codeOf(find([]))).toBe('update-no-source');
    const dead = httpSource({ name: 'dead', url: 'http://127.0.0.1:1/updates' });
    server.mischief = (path, request, response) => {
      if (!path.endsWith('timestamp.json')) return false;
      const document = JSON.parse(readFileSync(join(server.folder, path), 'utf8'));
      document.signed.version += 1;
      send(request, response, Buffer.from(JSON.stringify(document)));
      return true;
    };
    const forged = httpSource({ name: 'forged', url: server.url });
    expect(await codeOf(find([dead]))).toBe('update-unreachable');
    expect(await codeOf(find([dead, forged]))).toBe('update-unsigned');
  });

  test('that are outdated don’t hide another’s newer state', async () => {
    const behind = join(home.path, 'behind');
    cpSync(repository.workspace.folder, behind, { recursive: true });
    repository.add('1.2.0');
    const client = await kiosk.client([
      folderSource(behind, 'behind'),
      httpSource({ name: 'server', url: server.url }),
    ]);
    expect((await client.find('1.2.0')).build.version).toBe('1.2.0');
  });

  test.each([
    'http://mirror.example/updates',
    'ftp://mirror.example/',
    'https://name:secret@mirror.example/',
    'https://mirror.example/?token=1',
    'not an address',
  ])('may not have the address %s', (url) => {
    expect(() => httpSource({ name: 'mirror', url })).toThrow(
      expect.objectContaining({ code: 'update-address-wrong' }),
    );
  });
});

describe('what was trusted before', () => {
  test('is read again, and nothing present is fetched', async () => {
    await find();
    server.asked.length = 0;
    await find();
    expect(server.asked).toEqual(['metadata/2.root.json', 'metadata/timestamp.json']);
  });

  test.each(['timestamp.json', 'snapshot.json', 'targets.json', '2.root.json'])(
    'is fetched again if damaged: %s',
    async (name) => {
      repository.rotate('root');
      await find();
      for (const rubbish of ['', '{', '{"signed":{},"signatures":[]}', 'x'.repeat(3_000_000)]) {
        writeFileSync(trusted(name), rubbish);
        expect(await codeOf(find())).toBe('taken');
        expect(JSON.parse(readFileSync(trusted(name), 'utf8')).signed.version).toBeGreaterThan(1);
      }
    },
  );

  test('is discarded for another chain of roots: a kiosk reinstalled with other keys starts over', async () => {
    repository.rotate('root');
    await find();
    const other = makeRepository(join(home.path, 'other'));
    other.add('1.1.0');
    server.folder = other.workspace.folder;
    kiosk = makeKiosk(join(home.path, 'kiosk'), other.trustedRoot, [server]);
    expect(await codeOf(find())).toBe('taken');
    expect(existsSync(trusted('2.root.json'))).toBe(false);
  });

  test('is never below a newer build’s root', async () => {
    repository.rotate('timestamp');
    repository.rotate('snapshot');
    const newest = repository.workspace.bytes('metadata/3.root.json')!;
    kiosk = makeKiosk(join(home.path, 'kiosk'), newest, [server]);
    expect(await codeOf(find())).toBe('taken');
    expect(readdirSync(join(home.path, 'kiosk/trusted')).sort()).toEqual([
      'snapshot.json',
      'targets.json',
      'timestamp.json',
    ]);
  });

  test('is nothing if the root is invalid', async () => {
    for (const bytes of [Buffer.from('{}'), repository.workspace.bytes('metadata/timestamp.json')!]) {
      kiosk = makeKiosk(join(home.path, 'kiosk'), bytes, [server]);
      expect(await codeOf(find())).toBe('update-no-trust');
    }
  });

  test('a long chain of renewed roots is followed in several steps', async () => {
    for (let i = 0; i < 70; i++) {
      stageRenewal(repository.workspace, 'root', repository.now);
      repository.publish();
    }
    await codeOf(find());
    expect(await codeOf(find())).toBe('taken');
    expect(existsSync(trusted('71.root.json'))).toBe(true);
  });
});

test('calls wait for each other', async () => {
  const client = await kiosk.client();
  const [a, b] = await Promise.all([client.find('1.1.0'), client.find('1.1.0'), sleep(1)]);
  await Promise.all([client.download(a, to), client.download(b, to)]);
  expect(readFileSync(to)).toEqual(archive);
  expect(ranges()).toBe(1);
});

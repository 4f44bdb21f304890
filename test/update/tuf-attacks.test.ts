import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Metadata, MetadataKind } from '@tufjs/models';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  bytesOf,
  expiry,
  newRoot,
  newSnapshot,
  newTarget,
  newTargets,
  newTimestamp,
  type Signer,
  signWith,
} from '../../build/release/documents.ts';
import { newSigner } from '../../build/release/key-file.ts';
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
  place,
  type Repository,
  send,
  startMirror,
  T0,
} from './repository.ts';

/**
 * The attacks that the TUF specification names (§1.5.2), each over real HTTP against the kiosk's own client. In each, the
 * attacker controls the whole network and the keys that the test names.
 */

let home: ReturnType<typeof temporaryFolder>;
let repository: Repository;
let server: Mirror;
let kiosk: Kiosk;
let v2: Buffer;

beforeEach(async () => {
  home = temporaryFolder();
  repository = makeRepository(join(home.path, 'repository'));
  v2 = repository.add('1.1.0');
  server = await startMirror(repository.workspace.folder);
  kiosk = makeKiosk(join(home.path, 'kiosk'), repository.trustedRoot, [server]);
});
afterEach(async () => {
  await server.close();
  home.remove();
});

const find = async (version: string) => (await kiosk.client()).find(version);
const get = async (version: string): Promise<Buffer> => {
  const client = await kiosk.client();
  const to = join(home.path, 'kiosk', 'downloads', `${version}.tar.gz`);
  await client.download(await client.find(version), to);
  return readFile(to);
};
const downloads = () => {
  const folder = join(home.path, 'kiosk', 'downloads');
  return existsSync(folder) ? readdirSync(folder).filter((name) => !name.endsWith('.part')) : [];
};
const path2 = targetPath(build('1.1.0'));
const file2 = () => targetFile(path2, repository.workspace.targets()!.signed.targets[path2]!.hashes.sha256!);

/** Copies the repository as it is now, for a mirror that is frozen at this state. */
function copyOf(): string {
  const folder = join(home.path, `copy-${readdirSync(home.path).length}`);
  cpSync(repository.workspace.folder, folder, { recursive: true });
  return folder;
}

/** Writes a whole forged repository state, signed with the given keys, over a copy of the real one. */
function forge(
  folder: string,
  signers: { targets: readonly Signer[]; snapshot: readonly Signer[]; timestamp: readonly Signer[] },
  { version, evil = Buffer.from('evil'), custom = {} }: { version: number; evil?: Buffer; custom?: object },
): void {
  const expires = expiry(T0, 20);
  const path = targetPath(build('9.9.9'));
  const sha256 = sha(evil);
  const target = newTarget({ path, length: evil.length, sha256, build: { ...build('9.9.9'), ...custom } });
  place(folder, targetFile(path, sha256), evil);
  const targets = newTargets([target], { version, expires });
  for (const key of signers.targets) signWith(targets, key);
  const targetsBytes = bytesOf(targets);
  place(folder, `metadata/${version}.targets.json`, targetsBytes);
  const snapshot = newSnapshot({ version, bytes: targetsBytes }, { version, expires });
  for (const key of signers.snapshot) signWith(snapshot, key);
  const snapshotBytes = bytesOf(snapshot);
  place(folder, `metadata/${version}.snapshot.json`, snapshotBytes);
  const timestamp = newTimestamp({ version, bytes: snapshotBytes }, { version, expires });
  for (const key of signers.timestamp) signWith(timestamp, key);
  place(folder, 'metadata/timestamp.json', bytesOf(timestamp));
}

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const version = (role: 'timestamp' | 'snapshot' | 'targets') => {
  const file = join(home.path, 'kiosk', 'trusted', `${role}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')).signed.version as number) : null;
};

test('without an attack, the signed build is found and downloaded intact', async () => {
  expect(await get('1.1.0')).toEqual(v2);
  expect((await (await kiosk.client()).newest())?.build.version).toBe('1.1.0');
  // A withdrawn version isn't offered.
  expect(await (await kiosk.client()).newest(['1.1.0'])).toBeNull();
});

describe('arbitrary installation', () => {
  test('other bytes under the right name are refused', async () => {
    server.mischief = (path, request, response) => {
      if (!path.startsWith('targets/')) return false;
      send(request, response, Buffer.alloc(v2.length, 'x'));
      return true;
    };
    expect(await codeOf(get('1.1.0'))).toBe('update-target-wrong');
    expect(downloads()).toEqual([]);
  });

  test('metadata signed by untrusted keys is refused', async () => {
    const own = [newSigner(), newSigner()];
    server.folder = copyOf();
    forge(server.folder, { targets: own, snapshot: own, timestamp: own }, { version: 900 });
    expect(await codeOf(get('9.9.9'))).toBe('update-unsigned');
    expect(version('timestamp')).toBeNull();
  });

  test('an attacker’s own root is refused', async () => {
    const own = newSigner();
    const role = { keys: [own], threshold: 1 };
    const root = newRoot(
      { root: role, targets: role, snapshot: role, timestamp: role },
      { version: 2, expires: expiry(T0, 300) },
    );
    signWith(root, own);
    server.folder = copyOf();
    place(server.folder, 'metadata/2.root.json', bytesOf(root));
    forge(server.folder, { targets: [own], snapshot: [own], timestamp: [own] }, { version: 900 });
    expect(await codeOf(get('9.9.9'))).toBe('update-unsigned');
    expect(existsSync(join(home.path, 'kiosk/trusted/2.root.json'))).toBe(false);
  });

  test('a target the client has not found itself is not downloaded', async () => {
    const client = await kiosk.client();
    const own = { ...(await client.find('1.1.0')), sha256: sha(Buffer.from('evil')), length: 4 };
    expect(await codeOf(client.download(own, join(home.path, 'evil')))).toBe('update-not-authenticated');
  });
});

describe('endless data', () => {
  /** Sends without end. Returns how much was sent, and whether the kiosk has hung up. */
  const endless = (response: ServerResponse) => {
    let sent = 0;
    let over = false;
    response.writeHead(200);
    response.on('close', () => {
      over = true;
    });
    const more = () => {
      while (!over && response.write(Buffer.alloc(64 * 1024, ' '))) sent += 64 * 1024;
      sent += 64 * 1024;
    };
    response.on('drain', more);
    more();
    return () => ({ sent, over });
  };

  test.each([
    ['a root', /2\.root\.json$/],
    ['the timestamp', /timestamp\.json$/],
    ['the snapshot', /snapshot\.json$/],
    ['the targets', /targets\.json$/],
    ['the archive', /tar\.gz$/],
  ])('in place of %s are cut off', async (_what, pattern) => {
    let notified: (() => { sent: number; over: boolean }) | null = null;
    server.mischief = (path, _request, response) => {
      if (!pattern.test(path)) return false;
      notified = endless(response);
      return true;
    };
    const memory = process.memoryUsage().rss;
    expect(await codeOf(get('1.1.0'))).toBe('update-too-large');
    await expect.poll(() => notified!().over).toBe(true);
    // The allowance covers the kernel's buffers, which the kiosk can't limit.
    expect(notified!().sent).toBeLessThan(24 * 1024 * 1024);
    expect(process.memoryUsage().rss - memory).toBeLessThan(96 * 1024 * 1024);
    expect(downloads()).toEqual([]);
  });
});

describe('extraneous dependencies', () => {
  test('a mirror can’t add anything to be installed', async () => {
    server.mischief = (path, request, response) => {
      if (!path.endsWith('targets.json')) return false;
      const document = JSON.parse(readFileSync(join(server.folder, path), 'utf8'));
      document.signed.targets[path2].custom.dependencies = ['kiosk/linux-x64/1.1.0/extra.tar.gz'];
      send(request, response, Buffer.from(JSON.stringify(document)));
      return true;
    };
    expect(await codeOf(get('1.1.0'))).toMatch(/^update-(mixed|too-large)$/);
  });

  test('a build that requests more than itself is refused, even with valid signatures', async () => {
    const { targets, snapshot, timestamp } = repository.keys;
    server.folder = copyOf();
    forge(server.folder, { targets, snapshot, timestamp }, { version: 5, custom: { dependencies: ['extra'] } });
    expect(await codeOf(find('9.9.9'))).toBe('update-wrong-software');
    expect(await (await kiosk.client()).newest()).toBeNull();
  });

  test('delegations to other repositories are not followed', async () => {
    const document = repository.workspace.targets()!;
    const expires = expiry(T0, 20);
    const delegated = Metadata.fromJSON(MetadataKind.Targets, {
      signatures: [],
      signed: {
        ...document.signed.toJSON(),
        version: 5,
        delegations: {
          keys: {},
          roles: [{ name: 'extra', keyids: [], threshold: 1, terminating: false, paths: ['*'] }],
        },
      } as never,
    });
    for (const key of repository.keys.targets) signWith(delegated, key);
    const bytes = bytesOf(delegated);
    const snapshot = newSnapshot({ version: 5, bytes }, { version: 5, expires });
    for (const key of repository.keys.snapshot) signWith(snapshot, key);
    const timestamp = newTimestamp({ version: 5, bytes: bytesOf(snapshot) }, { version: 5, expires });
    for (const key of repository.keys.timestamp) signWith(timestamp, key);
    server.folder = copyOf();
    place(server.folder, 'metadata/5.targets.json', bytes);
    place(server.folder, 'metadata/5.snapshot.json', bytesOf(snapshot));
    place(server.folder, 'metadata/timestamp.json', bytesOf(timestamp));
    expect(await codeOf(find('1.1.0'))).toBe('update-repository-wrong');
  });

  test('only roots, one state of the metadata, and the requested archive are fetched', async () => {
    repository.add('1.2.0');
    await get('1.2.0');
    const path = targetPath(build('1.2.0'));
    const { sha256 } = repository.workspace.targets()!.signed.targets[path]!.hashes;
    expect(server.asked).toEqual([
      'metadata/2.root.json',
      'metadata/timestamp.json',
      'metadata/3.snapshot.json',
      'metadata/3.targets.json',
      targetFile(path, sha256!),
    ]);
  });
});

describe('fast-forward', () => {
  test('version numbers raised by a thief are void once the stolen keys are replaced', async () => {
    const { snapshot, timestamp } = repository.keys;
    const real = server.folder;
    server.folder = copyOf();
    // A thief of both online keys publishes the highest possible version of an otherwise real state.
    const expires = expiry(T0, 20);
    const last = 2 ** 31;
    const targets = repository.workspace.targets()!;
    const bytes = readFileSync(join(server.folder, `metadata/${targets.signed.version}.targets.json`));
    const evilSnapshot = newSnapshot({ version: targets.signed.version, bytes }, { version: last, expires });
    signWith(evilSnapshot, snapshot[0]!);
    const evilTimestamp = newTimestamp({ version: last, bytes: bytesOf(evilSnapshot) }, { version: last, expires });
    signWith(evilTimestamp, timestamp[0]!);
    place(server.folder, `metadata/${last}.snapshot.json`, bytesOf(evilSnapshot));
    place(server.folder, 'metadata/timestamp.json', bytesOf(evilTimestamp));
    expect(await codeOf(find('1.1.0'))).toBe('taken');
    expect([version('timestamp'), version('snapshot')]).toEqual([last, last]);

    // The real repository is back, with far lower versions: nothing older is accepted …
    server.folder = real;
    repository.add('1.2.0');
    expect(await codeOf(find('1.2.0'))).toBe('update-rollback');
    // … until the root revokes those keys.
    repository.rotate('snapshot');
    repository.rotate('timestamp');
    expect(await codeOf(get('1.2.0'))).toBe('taken');
    expect(version('timestamp')).toBe(repository.workspace.timestamp()!.signed.version);
  });

  test('an oversized version number is refused', async () => {
    server.folder = copyOf();
    const { targets, snapshot, timestamp } = repository.keys;
    forge(server.folder, { targets, snapshot, timestamp }, { version: 2 ** 31 + 1 });
    expect(await codeOf(find('9.9.9'))).toBe('update-repository-wrong');
  });
});

describe('indefinite freeze', () => {
  test('a frozen mirror is refused once its timestamp has expired by trusted time', async () => {
    server.folder = copyOf();
    repository.add('1.2.0');
    kiosk.now = T0 + 7 * DAY - 1000;
    expect(await codeOf(find('1.1.0'))).toBe('taken');
    kiosk.now = T0 + 7 * DAY;
    expect(await codeOf(find('1.1.0'))).toBe('update-expired');
    expect(await codeOf((await kiosk.client()).newest())).toBe('update-expired');
  });

  test('also if the kiosk has seen that timestamp before, and if the mirror refreshes nothing else', async () => {
    expect(await codeOf(find('1.1.0'))).toBe('taken');
    repository.now = T0 + 20 * DAY;
    // A thief of the timestamp key alone can keep the timestamp fresh, but not the snapshot.
    const frozen = repository.workspace.snapshot()!;
    const bytes = bytesOf(frozen);
    server.folder = copyOf();
    const timestamp = newTimestamp(
      { version: frozen.signed.version, bytes },
      { version: 50, expires: expiry(T0, 400) },
    );
    signWith(timestamp, repository.keys.timestamp[0]!);
    place(server.folder, 'metadata/timestamp.json', bytesOf(timestamp));
    kiosk.now = T0 + 29 * DAY;
    expect(await codeOf(find('1.1.0'))).toBe('taken');
    kiosk.now = T0 + 30 * DAY;
    expect(await codeOf(find('1.1.0'))).toBe('update-expired');
  });

  test('an impossible expiry date is refused', async () => {
    server.folder = copyOf();
    const snapshot = repository.workspace.snapshot()!;
    const timestamp = newTimestamp(
      { version: snapshot.signed.version, bytes: bytesOf(snapshot) },
      { version: 50, expires: '2030-02-31T00:00:00Z' },
    );
    signWith(timestamp, repository.keys.timestamp[0]!);
    place(server.folder, 'metadata/timestamp.json', bytesOf(timestamp));
    expect(await codeOf(find('1.1.0'))).toBe('update-repository-wrong');
  });

  test('roots and targets also expire', async () => {
    repository.now = T0 + 364 * DAY;
    repository.refresh();
    kiosk.now = repository.now;
    expect(await codeOf(find('1.1.0'))).toBe('taken');
    kiosk.now = T0 + 365 * DAY;
    // The error names the role to renew.
    await expect(find('1.1.0')).rejects.toMatchObject({ code: 'update-expired', params: { role: 'root' } });
  });
});

describe('malicious mirror', () => {
  test.each(['nothing', 'an error', 'rubbish', 'half a file', 'a redirect', 'compressed data'])(
    'that answers with %s does not block another source',
    async (kind) => {
      const good = await startMirror(repository.workspace.folder);
      server.mischief = (path, _request, response) => {
        if (kind === 'nothing') response.writeHead(404).end();
        else if (kind === 'an error') response.writeHead(500).end('x');
        else if (kind === 'rubbish') response.end('{"signed":[[[[');
        else if (kind === 'a redirect') response.writeHead(302, { location: `${good.url}/${path}` }).end();
        else if (kind === 'compressed data') response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
        else {
          response.writeHead(200, { 'content-length': 1000 });
          response.write('{"si');
          setTimeout(() => response.destroy(), 20);
        }
        return true;
      };
      const alone = await codeOf(find('1.1.0'));
      expect(alone).toMatch(/^update-(incomplete|refused|repository-wrong|unreachable)$/);
      kiosk = makeKiosk(join(home.path, 'kiosk'), repository.trustedRoot, [server, good]);
      expect(await get('1.1.0')).toEqual(v2);
      expect(kiosk.log[0]).toMatchObject({ what: 'source-failed', source: 'server', code: alone });
      expect(kiosk.log[1]).toMatchObject({ what: 'refreshed', source: 'mirror 1' });
      await good.close();
    },
  );

  test('that sends half an archive and then garbage costs only time', async () => {
    const good = await startMirror(repository.workspace.folder);
    server.mischief = (path, _request, response) => {
      if (path !== file2()) return false;
      response.writeHead(200, { 'content-length': v2.length });
      response.write(Buffer.concat([v2.subarray(0, 1000), Buffer.alloc(20_000, 'x')]));
      setTimeout(() => response.destroy(), 50);
      return true;
    };
    kiosk = makeKiosk(join(home.path, 'kiosk'), repository.trustedRoot, [server, good]);
    expect(await get('1.1.0')).toEqual(v2);
    await good.close();
  });
});

describe('mix-and-match', () => {
  test('a snapshot and targets of different states are not combined', async () => {
    const before = copyOf();
    const old = repository.workspace.targets()!.signed.version;
    repository.add('1.2.0');
    const now = repository.workspace.targets()!.signed.version;
    server.mischief = (path, request, response) => {
      if (path !== `metadata/${now}.targets.json`) return false;
      send(request, response, readFileSync(join(before, `metadata/${old}.targets.json`)));
      return true;
    };
    expect(await codeOf(find('1.1.0'))).toBe('update-mixed');
    expect(version('targets')).toBeNull();
  });

  test('nor a timestamp and a snapshot', async () => {
    const before = copyOf();
    const old = repository.workspace.snapshot()!.signed.version;
    repository.add('1.2.0');
    const now = repository.workspace.snapshot()!.signed.version;
    server.mischief = (path, request, response) => {
      if (path !== `metadata/${now}.snapshot.json`) return false;
      send(request, response, readFileSync(join(before, `metadata/${old}.snapshot.json`)));
      return true;
    };
    expect(await codeOf(find('1.1.0'))).toBe('update-mixed');
    expect(version('snapshot')).toBeNull();
  });

  test.each(['snapshot', 'targets'] as const)('an unannounced %s is not even parsed', async (role) => {
    server.mischief = (path, request, response) => {
      if (!path.endsWith(`.${role}.json`)) return false;
      send(request, response, Buffer.from('{'));
      return true;
    };
    expect(await codeOf(find('1.1.0'))).toBe('update-mixed');
    expect(version(role)).toBeNull();
  });

  test('nor one version’s bytes under another’s name', async () => {
    const bytes3 = repository.add('1.2.0');
    server.mischief = (path, request, response) => {
      if (!path.includes('/1.2.0/')) return false;
      send(request, response, v2);
      return true;
    };
    expect(bytes3.length).toBe(v2.length);
    expect(await codeOf(get('1.2.0'))).toBe('update-target-wrong');
  });
});

describe('rollback', () => {
  test('an older state than the kiosk has seen is refused', async () => {
    const before = copyOf();
    repository.add('1.2.0');
    expect(await codeOf(find('1.2.0'))).toBe('taken');
    server.folder = before;
    expect(await codeOf(find('1.1.0'))).toBe('update-rollback');
    expect(version('timestamp')).toBe(repository.workspace.timestamp()!.signed.version);
  });

  test('also from a thief of the timestamp key, who signs a new one for an old snapshot', async () => {
    const old = repository.workspace.snapshot()!;
    repository.add('1.2.0');
    expect(await codeOf(find('1.2.0'))).toBe('taken');
    server.folder = copyOf();
    const timestamp = newTimestamp(
      { version: old.signed.version, bytes: bytesOf(old) },
      { version: 100, expires: expiry(T0, 20) },
    );
    signWith(timestamp, repository.keys.timestamp[0]!);
    place(server.folder, 'metadata/timestamp.json', bytesOf(timestamp));
    expect(await codeOf(find('1.1.0'))).toBe('update-rollback');
  });

  test('also from a thief of both online keys, who signs a new snapshot of old targets', async () => {
    const old = repository.workspace.targets()!;
    repository.add('1.2.0');
    expect(await codeOf(find('1.2.0'))).toBe('taken');
    server.folder = copyOf();
    const expires = expiry(T0, 20);
    const snapshot = newSnapshot({ version: old.signed.version, bytes: bytesOf(old) }, { version: 100, expires });
    signWith(snapshot, repository.keys.snapshot[0]!);
    const timestamp = newTimestamp({ version: 100, bytes: bytesOf(snapshot) }, { version: 100, expires });
    signWith(timestamp, repository.keys.timestamp[0]!);
    place(server.folder, 'metadata/100.snapshot.json', bytesOf(snapshot));
    place(server.folder, 'metadata/timestamp.json', bytesOf(timestamp));
    expect(await codeOf(find('1.1.0'))).toBe('update-rollback');
  });

  test('an older build is not downloaded even if still signed', async () => {
    repository.add('1.2.0');
    kiosk.running = build('1.2.0');
    expect(await codeOf(find('1.1.0'))).toBe('update-backwards');
    expect(await codeOf(find('1.2.0'))).toBe('update-installed');
    expect(await (await kiosk.client()).newest()).toBeNull();
  });
});

describe('slow retrieval', () => {
  test.each([
    ['the timestamp', /timestamp\.json$/],
    ['the targets', /targets\.json$/],
    ['the archive', /tar\.gz$/],
  ])('of %s is aborted, and the next source is tried', async (_what, pattern) => {
    const timers = new Set<NodeJS.Timeout>();
    server.mischief = (path, _request, response) => {
      if (!pattern.test(path)) return false;
      response.writeHead(200);
      timers.add(setInterval(() => response.write(' '), 20));
      return true;
    };
    const good = await startMirror(repository.workspace.folder);
    expect(await codeOf(get('1.1.0'))).toBe('update-slow');
    kiosk = makeKiosk(join(home.path, 'kiosk'), repository.trustedRoot, [server, good]);
    expect(await get('1.1.0')).toEqual(v2);
    for (const timer of timers) clearInterval(timer);
    await good.close();
  });

  test('of a server that never answers is aborted', async () => {
    server.mischief = () => true;
    expect(await codeOf(find('1.1.0'))).toBe('update-slow');
  });

  test('of a source just fast enough is aborted after the time limit for one file', async () => {
    const pace = { windowMs: 1000, bytesPerSecond: 50, metadataMs: 3000, targetMs: 3000 };
    kiosk = makeKiosk(join(home.path, 'kiosk'), repository.trustedRoot, [server], pace);
    let timer: NodeJS.Timeout | undefined;
    server.mischief = (path, _request, response) => {
      if (!path.endsWith('timestamp.json')) return false;
      response.writeHead(200);
      timer = setInterval(() => response.write(' '.repeat(20)), 20);
      return true;
    };
    const begun = performance.now();
    expect(await codeOf(find('1.1.0'))).toBe('update-slow');
    expect(performance.now() - begun).toBeGreaterThan(2900);
    clearInterval(timer);
  });
});

describe('key compromise below the threshold', () => {
  test('one stolen targets key of the two required signs nothing', async () => {
    server.folder = copyOf();
    const { targets, snapshot, timestamp } = repository.keys;
    forge(server.folder, { targets: [targets[0]!], snapshot, timestamp }, { version: 5 });
    expect(await codeOf(get('9.9.9'))).toBe('update-unsigned');
    // With two keys the attack would succeed, so the threshold is what stopped it.
    forge(server.folder, { targets: targets.slice(0, 2), snapshot, timestamp }, { version: 6 });
    expect(await codeOf(get('9.9.9'))).toBe('taken');
  });

  test('a duplicated signature counts once', async () => {
    server.folder = copyOf();
    const { targets, snapshot, timestamp } = repository.keys;
    const twice = { ...targets[1]!, sign: targets[0]!.sign };
    forge(server.folder, { targets: [targets[0]!, twice], snapshot, timestamp }, { version: 5 });
    expect(await codeOf(get('9.9.9'))).toBe('update-unsigned');
  });

  test('both online keys together can’t offer their own build', async () => {
    server.folder = copyOf();
    const { snapshot, timestamp } = repository.keys;
    forge(server.folder, { targets: [newSigner(), newSigner()], snapshot, timestamp }, { version: 5 });
    expect(await codeOf(get('9.9.9'))).toBe('update-unsigned');
  });

  test('one stolen root key makes no new root, nor do new keys without the old ones', async () => {
    const thief = [newSigner(), newSigner()];
    const role = { keys: thief, threshold: 2 };
    const root = newRoot(
      { root: role, targets: role, snapshot: role, timestamp: role },
      { version: 2, expires: expiry(T0, 300) },
    );
    for (const key of [...thief, repository.keys.root[0]!]) signWith(root, key);
    server.folder = copyOf();
    place(server.folder, 'metadata/2.root.json', bytesOf(root));
    forge(server.folder, { targets: thief, snapshot: thief, timestamp: thief }, { version: 5 });
    expect(await codeOf(get('9.9.9'))).toBe('update-unsigned');
    expect(existsSync(join(home.path, 'kiosk/trusted/2.root.json'))).toBe(false);
  });

  test('a new root below its own signature threshold is refused', async () => {
    const mine = repository.keys.root;
    const next = [newSigner(), newSigner()];
    const roles = {
      root: { keys: next, threshold: 2 },
      targets: { keys: repository.keys.targets, threshold: 2 },
      snapshot: { keys: repository.keys.snapshot, threshold: 1 },
      timestamp: { keys: repository.keys.timestamp, threshold: 1 },
    };
    const root = newRoot(roles, { version: 2, expires: expiry(T0, 300) });
    for (const key of [...mine, next[0]!]) signWith(root, key);
    server.folder = copyOf();
    place(server.folder, 'metadata/2.root.json', bytesOf(root));
    expect(await codeOf(find('1.1.0'))).toBe('update-unsigned');
    signWith(root, next[1]!);
    place(server.folder, 'metadata/2.root.json', bytesOf(root));
    expect(await codeOf(find('1.1.0'))).toBe('taken');
  });

  test('a removed key signs nothing any more, and a kiosk that missed several roots follows them', async () => {
    const stolen = repository.keys.targets.slice(0, 2);
    const { snapshot, timestamp } = repository.keys;
    repository.rotate('targets', { remove: 2, add: 2 });
    repository.rotate('root', { remove: 2, add: 2 });
    repository.rotate('root', { remove: 1, add: 2, threshold: 3 });
    repository.add('1.2.0');
    expect(await codeOf(get('1.2.0'))).toBe('taken');
    expect(
      readdirSync(join(home.path, 'kiosk/trusted'))
        .filter((name) => name.includes('root'))
        .sort(),
    ).toEqual(['2.root.json', '3.root.json', '4.root.json']);
    server.folder = copyOf();
    forge(server.folder, { targets: stolen, snapshot, timestamp }, { version: 50 });
    expect(await codeOf(get('9.9.9'))).toBe('update-unsigned');
  });

  test('one key under two names counts once', async () => {
    const key = repository.keys.targets[0]!;
    const alias = { ...key, keyid: 'f'.repeat(64) };
    const roles = {
      root: { keys: repository.keys.root, threshold: 2 },
      targets: { keys: [key, alias], threshold: 2 },
      snapshot: { keys: repository.keys.snapshot, threshold: 1 },
      timestamp: { keys: repository.keys.timestamp, threshold: 1 },
    };
    const root = newRoot(roles, { version: 2, expires: expiry(T0, 300) });
    for (const one of repository.keys.root) signWith(root, one);
    server.folder = copyOf();
    place(server.folder, 'metadata/2.root.json', bytesOf(root));
    const { snapshot, timestamp } = repository.keys;
    forge(server.folder, { targets: [key, alias], snapshot, timestamp }, { version: 5 });
    expect(await codeOf(get('9.9.9'))).toBe('update-repository-wrong');
  });
});

describe('wrong software', () => {
  const signed = (custom: object) => {
    const { targets, snapshot, timestamp } = repository.keys;
    server.folder = copyOf();
    forge(server.folder, { targets, snapshot, timestamp }, { version: 5, custom });
  };

  test.each([
    ['another product', { product: 'smartpresence-server' }],
    ['another version than its path', { version: '9.9.8' }],
    ['another platform than its path', { platform: 'linux-arm64' }],
    ['another host than its path', { host: 'electron' }],
    ['a build that leaves no way back', { minReader: 10 }],
  ])('signed as %s is not installed', async (_what, custom) => {
    signed(custom);
    expect(await codeOf(find('9.9.9'))).toBe('update-wrong-software');
  });

  test('a build for another kind of kiosk is not found', async () => {
    repository.add('1.2.0', undefined, { platform: 'linux-arm64' });
    expect(await codeOf(find('1.2.0'))).toBe('update-unknown-version');
    expect((await (await kiosk.client()).newest())?.build.version).toBe('1.1.0');
  });

  test('a build after which the current one could not open the store is not installed', async () => {
    repository.add('2.0.0', undefined, { schema: 10, minReader: 10 });
    expect(await codeOf(find('2.0.0'))).toBe('update-cannot-roll-back');
    expect((await (await kiosk.client()).newest())?.build.version).toBe('1.1.0');
  });

  test('a path that leads elsewhere is not even requested', async () => {
    expect(await codeOf(find('../../1.1.0'))).toBe('update-unknown-version');
    expect(await codeOf(find('__proto__'))).toBe('update-unknown-version');
  });
});

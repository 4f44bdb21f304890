import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCa, issueServerCertificate } from '../../sync/server/platform/keys/certificates.ts';
import { s3Client } from '../../sync/server/platform/objects/client.ts';
import { openObjectStore } from '../../sync/server/platform/objects/store.ts';
import { type Moto, motoMissing, startMoto } from '../services/moto.ts';
import { buildArchive } from '../update/archives.ts';
import { sp } from './run-sp.ts';

/** The release ceremony, run by its participants one after the other on one repository. */

const home = mkdtempSync(join(tmpdir(), 'sp-release-'));
const at = (...path: string[]) => join(home, ...path);
const repository = at('repository');
const passphrase = at('passphrase');
const anna = at('anna');
const bo = at('bo');
const online = at('online');

/** The fields of the commands' JSON output that are checked here. */
interface Listed {
  readonly file: string;
  readonly keys: readonly { role: string; file: string | null }[];
  readonly signed: readonly { role: string }[];
  readonly versions: Record<string, number>;
  readonly published: { versions: Record<string, number> };
  readonly staged: { targets: { added: readonly { path: string }[] } };
  readonly targets: readonly string[];
  readonly builds: readonly unknown[];
  readonly copies: readonly { files: number }[];
  readonly notes: readonly string[];
  readonly expires: Record<string, string>;
}

let env: NodeJS.ProcessEnv = {};
const release = (...args: string[]) => sp(at('nobody'), ['release', ...args], { env });
const json = async (...args: string[]) => {
  const result = await release(...args, '--json');
  expect(result.stderr.includes('internal'), result.stderr).toBe(false);
  return { ...result, value: result.lines()[0] as unknown as Listed };
};
const keyName = (folder: string, role: string) => {
  const file = readdirSync(folder).find((name) => name.startsWith(`${role}-`) && name.endsWith('.key.json'))!;
  return JSON.parse(readFileSync(join(folder, file), 'utf8')).keyid as string;
};
const pub = (folder: string, role: string) =>
  join(folder, readdirSync(folder).find((name) => name.startsWith(`${role}-`) && name.endsWith('.pub.json'))!);
const withPassphrase = ['--passphrase-file', passphrase];
const trusted = at('root.json');

beforeAll(() => {
  writeFileSync(passphrase, 'correct horse battery staple\n', { mode: 0o600 });
  writeFileSync(at('weak'), 'short\n', { mode: 0o600 });
  writeFileSync(at('other'), 'another passphrase entirely\n', { mode: 0o600 });
  writeFileSync(at('exposed'), 'correct horse battery staple\n', { mode: 0o644 });
  for (const version of ['1.0.0', '1.1.0'])
    buildArchive(at('archives'), {
      version,
      program: `echo ${version}`,
      files: { 'app/big.bin': Buffer.alloc(200_000) },
    });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('a repository of two holders', () => {
  test('each holder makes their own keys, and a root for them is staged', async () => {
    for (const [folder, role] of [
      [anna, 'root'],
      [anna, 'targets'],
      [bo, 'root'],
      [bo, 'targets'],
    ] as const) {
      const made = await json('key', '--role', role, '--keys', folder, ...withPassphrase);
      expect(made.code).toBe(0);
      expect(statSync(made.value.file).mode & 0o777).toBe(0o600);
    }
    const halves = [anna, bo].flatMap((f) => ['root', 'targets'].flatMap((role) => ['--public', pub(f, role)]));
    const args = ['--repository', repository, '--keys', at('unused'), '--online-keys', online, ...halves];
    const made = await json('init', ...args, ...withPassphrase);
    expect(made.stderr).toBe('');
    expect(made.value.keys.map((key) => [key.role, key.file === null])).toEqual([
      ['root', true],
      ['root', true],
      ['targets', true],
      ['targets', true],
      ['snapshot', false],
      ['timestamp', false],
    ]);
    expect(existsSync(at('unused'))).toBe(false);
    // No key, encrypted or not, beside what will be published, and no plaintext seed in a key file.
    expect(readdirSync(repository).sort()).toEqual(['release.json', 'staged']);
  });

  test('nothing is published before the threshold is reached', async () => {
    expect((await release('status', '--repository', repository)).code).toBe(1);
    const early = await release('publish', '--repository', repository, '--keys', online, ...withPassphrase);
    expect([early.code, early.stderr]).toEqual([1, expect.stringContaining('release-not-signed')]);
    const first = await json('sign', '--repository', repository, '--keys', anna, '--yes', ...withPassphrase);
    expect(first.code).toBe(1);
    expect(first.stderr).toContain(`+ root key ${keyName(bo, 'root').slice(0, 12)}`);
    expect(first.value.signed.map((s) => s.role).sort()).toEqual(['root', 'targets']);
    const half = await release('publish', '--repository', repository, '--keys', online, ...withPassphrase);
    expect(half.stderr).toContain('1 of the 2 signatures');
    const second = await json('sign', '--repository', repository, '--keys', bo, '--yes', ...withPassphrase);
    expect(second.code).toBe(0);
    const published = await json('publish', '--repository', repository, '--keys', online, ...withPassphrase);
    expect(published.value.versions).toEqual({ root: 1, targets: 1, snapshot: 1, timestamp: 1 });
    cpSync(join(repository, 'metadata/1.root.json'), trusted);
  });

  test('a build is inspected, signed by both, published, and verified as a kiosk would', async () => {
    const archive = at('archives/smartpresence-kiosk-1.0.0-linux-x64.tar.gz');
    const staged = await json('sign', '--repository', repository, '--build', archive);
    expect(staged.code).toBe(1);
    expect(staged.stderr).toContain('+ kiosk/linux-x64/1.0.0/smartpresence-kiosk.tar.gz');
    for (const keys of [anna, bo])
      await json('sign', '--repository', repository, '--keys', keys, '--yes', ...withPassphrase);
    const stick = at('stick');
    const published = await json(
      'publish',
      '--repository',
      repository,
      '--keys',
      online,
      '--to',
      stick,
      ...withPassphrase,
    );
    expect(published.code).toBe(0);
    expect(published.value.targets).toEqual(['kiosk/linux-x64/1.0.0/smartpresence-kiosk.tar.gz']);
    for (const from of [repository, stick]) {
      const verified = await json('verify', '--root', trusted, '--from', from);
      expect([verified.code, verified.value.builds.length]).toEqual([0, 1]);
    }
    const again = await json('publish', '--repository', repository, '--keys', online, '--to', stick, ...withPassphrase);
    // The archive exists already, so only a timestamp is sent.
    expect(again.value.copies[0].files).toBe(1);
  }, 180_000);

  test('verify reports what a kiosk would refuse, and what expires soon', async () => {
    const copy = at('tampered');
    cpSync(at('stick'), copy, { recursive: true });
    const folder = join(copy, 'targets/kiosk/linux-x64/1.0.0');
    appendFileSync(join(folder, readdirSync(folder)[0]!), 'x');
    const changed = await release('verify', '--root', trusted, '--from', copy);
    expect([changed.code, changed.stderr]).toEqual([1, expect.stringMatching(/update-(target-wrong|too-large)/)]);
    const in6 = new Date(Date.now() + 6 * 86_400_000).toISOString();
    const soon = await json('verify', '--root', trusted, '--from', repository, '--no-archives', '--at', in6);
    expect([soon.code, soon.value.notes[0]]).toEqual([1, expect.stringContaining('release refresh')]);
    const in8 = new Date(Date.now() + 8 * 86_400_000).toISOString();
    const late = await release('verify', '--root', trusted, '--from', repository, '--at', in8);
    expect([late.code, late.stderr]).toEqual([1, expect.stringContaining('update-expired')]);
  });

  test('refresh signs a timestamp and leaves what is staged alone', async () => {
    await json(
      'sign',
      '--repository',
      repository,
      '--build',
      at('archives/smartpresence-kiosk-1.1.0-linux-x64.tar.gz'),
    );
    const before = (await json('status', '--repository', repository)).value;
    const refreshed = await json('refresh', '--repository', repository, '--keys', online, ...withPassphrase);
    expect(refreshed.value.versions.timestamp).toBe(before.published.versions.timestamp! + 1);
    expect(refreshed.value.targets).toHaveLength(1);
    const after = (await json('status', '--repository', repository)).value;
    expect(after.staged.targets.added.map((t) => t.path)).toEqual(['kiosk/linux-x64/1.1.0/smartpresence-kiosk.tar.gz']);
  });

  test('stolen root and timestamp keys are replaced, and kiosks with the first root follow', async () => {
    const gone = keyName(bo, 'root');
    const cleo = at('cleo');
    const rotate = (...more: string[]) =>
      json('rotate-key', '--repository', repository, '--yes', ...more, ...withPassphrase);
    const root = await rotate('--role', 'root', '--remove', gone.slice(0, 12), '--keys', cleo);
    expect(root.code).toBe(0);
    await rotate('--role', 'timestamp', '--remove', keyName(online, 'timestamp').slice(0, 8), '--keys', at('online2'));
    // Two of the old root (Anna and Bo), and two of the new one (Anna and Cleo).
    for (const keys of [anna, cleo])
      expect((await json('sign', '--repository', repository, '--keys', keys, '--yes', ...withPassphrase)).code).toBe(1);
    expect((await json('sign', '--repository', repository, '--keys', bo, '--yes', ...withPassphrase)).code).toBe(0);
    const old = await release('publish', '--repository', repository, '--keys', online, ...withPassphrase);
    expect(old.stderr).toContain('release-key-missing');
    const keys = ['--keys', online, '--keys', at('online2')];
    const published = await json('publish', '--repository', repository, ...keys, ...withPassphrase);
    expect(published.value.versions).toMatchObject({ root: 2, targets: 3 });
    const verified = await json('verify', '--root', trusted, '--from', repository);
    expect([verified.code, verified.value.versions.root, verified.value.builds.length]).toEqual([0, 2, 2]);
  }, 240_000);

  test('a signed version can’t be given other bytes by accident, and can be withdrawn', async () => {
    const { archive } = buildArchive(at('other-archives'), { version: '1.1.0', program: 'echo other' });
    const clash = await release('sign', '--repository', repository, '--build', archive);
    expect([clash.code, clash.stderr]).toEqual([1, expect.stringContaining('release-version-exists')]);
    const unasked = await release('sign', '--repository', repository, '--build', archive, '--replace');
    expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringContaining('confirmation-missing')]);
    const withdrawn = await json('sign', '--repository', repository, '--withdraw', '1.1.0');
    expect(withdrawn.stderr).toContain('- kiosk/linux-x64/1.1.0/');
    expect((await release('sign', '--repository', repository, '--withdraw', '7.0.0')).stderr).toContain(
      'release-version-unknown',
    );
  });
});

describe('rejections', () => {
  test('an archive that a kiosk would refuse is not signed', async () => {
    const file = at('archives/smartpresence-kiosk-6.6.6-linux-x64.tar.gz');
    const { archive } = buildArchive(at('bad'), { version: '6.6.6', program: 'x', files: { 'app/a': 'a' } });
    writeFileSync(file, readFileSync(archive).subarray(0, -20));
    const broken = await release('sign', '--repository', repository, '--build', file);
    expect([broken.code, broken.stderr]).toEqual([1, expect.stringMatching(/update-(archive-bad|build-damaged)/)]);
    const unknown = await release('sign', '--repository', repository, '--build', passphrase);
    expect(unknown.stderr).toContain('release-archive-unknown');
  });

  test.each([
    ['a wrong passphrase', () => [anna, '--passphrase-file', at('other')], 'release-passphrase-wrong'],
    [
      'a passphrase file that other users can read',
      () => [anna, '--passphrase-file', at('exposed')],
      'secret-file-exposed',
    ],
    ['no terminal to ask for a passphrase', () => [anna], 'no-terminal'],
    ['a folder without keys', () => [at('nowhere'), ...withPassphrase], 'release-no-keys'],
    ['keys beside the repository', () => [join(repository, 'keys'), ...withPassphrase], 'release-keys-beside'],
  ])(
    '%s',
    async (_what, keys, code) => {
      const result = await release('sign', '--repository', repository, '--yes', '--keys', ...keys());
      expect(result.stderr).toContain(code);
      expect(result.code).not.toBe(0);
    },
    60_000,
  );

  test('a systemd credential’s file mode is accepted', async () => {
    const args = [
      'release',
      'sign',
      '--repository',
      repository,
      '--yes',
      '--keys',
      anna,
      '--passphrase-file',
      at('exposed'),
    ];
    const result = await sp(at('nobody'), args, { env: { CREDENTIALS_DIRECTORY: home } });
    expect(result.stderr).not.toContain('secret-file-exposed');
    expect(result.code).toBe(1); // signed, and one more signature is needed
  });

  test('no repository is made with a weak passphrase or with keys inside it', async () => {
    const args = ['init', '--repository', at('new'), '--keys', at('new-keys'), '--online-keys', at('new-online')];
    const weak = await release(...args, '--passphrase-file', at('weak'));
    expect(weak.stderr).toContain('release-passphrase-weak');
    const beside = await release(
      ...['init', '--repository', at('new'), '--keys', at('new/keys'), '--online-keys', at('new-online')],
      ...withPassphrase,
    );
    expect(beside.stderr).toContain('release-keys-beside');
    expect([existsSync(at('new')), existsSync(at('new-keys'))]).toEqual([false, false]);
  });

  test('a repository is neither created nor published over another or a newer state', async () => {
    const over = await release(
      ...['init', '--repository', repository, '--keys', at('k'), '--online-keys', at('o')],
      ...withPassphrase,
    );
    expect(over.stderr).toContain('release-exists');
    expect(existsSync(at('k'))).toBe(false);
    const publishTo = (to: string) =>
      release(
        'refresh',
        '--repository',
        repository,
        '--keys',
        at('online2'),
        '--keys',
        online,
        '--to',
        to,
        ...withPassphrase,
      );
    mkdirSync(at('foreign/metadata'), { recursive: true });
    writeFileSync(at('foreign/metadata/1.root.json'), '{}');
    expect((await publishTo(at('foreign'))).stderr).toContain('release-other-repository');
    cpSync(repository, at('elsewhere'), { recursive: true });
    expect((await publishTo(at('latest'))).code).toBe(0);
    const stale = await release(
      ...['refresh', '--repository', at('elsewhere'), '--keys', at('online2'), '--keys', online],
      ...['--to', at('latest'), ...withPassphrase],
    );
    // The same number, but a different timestamp.
    expect(stale.stderr).toContain('release-destination-newer');
    expect((await publishTo(at('latest'))).code).toBe(0);
  });
});

describe('a mirror', () => {
  const serve = async (folder: string, versions: { maxVersion?: 'TLSv1.2' } = {}) => {
    const ca = await createCa('mirror-test', Date.now());
    const leaf = await issueServerCertificate(ca, ['127.0.0.1'], Date.now(), 'mirror');
    writeFileSync(at('mirror-ca.pem'), ca.certPem);
    const server = createServer({ key: leaf.keyPem, cert: leaf.certPem, ...versions }, (request, response) => {
      const file = join(folder, (request.url ?? '').replace(/^\/updates\//, ''));
      if (existsSync(file)) response.end(readFileSync(file));
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { server, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/updates` };
  };

  test('is verified over HTTPS, with a checked certificate and TLS 1.3 only', async () => {
    const { server, url } = await serve(repository);
    const args = ['verify', '--root', trusted, '--from', url];
    const verified = await json(...args, '--ca', at('mirror-ca.pem'));
    expect([verified.code, verified.value.builds.length]).toEqual([0, 2]);
    const unknown = await release(...args);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('update-unreachable')]);
    server.closeAllConnections();
    server.close();
    const old = await serve(repository, { maxVersion: 'TLSv1.2' });
    const refused = await release('verify', '--root', trusted, '--from', old.url, '--ca', at('mirror-ca.pem'));
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('update-unreachable')]);
    old.server.close();
    const plain = await release('verify', '--root', trusted, '--from', 'http://mirror.example/updates');
    expect(plain.stderr).toContain('update-address-wrong');
  });
});

test('one person can make all keys at once, with their own expiry dates', async () => {
  const [mine, keys, online] = [at('mine'), at('mine-keys'), at('mine-online')];
  const counts = ['--root-keys', '2', '--root-threshold', '1', '--targets-keys', '1', '--targets-threshold', '1'];
  const folders = ['--repository', mine, '--keys', keys, '--online-keys', online];
  const made = await json('init', ...folders, ...counts, '--timestamp-days', '30', ...withPassphrase);
  expect(made.value.keys).toHaveLength(5);
  expect((await json('sign', '--repository', mine, '--keys', keys, '--yes', ...withPassphrase)).code).toBe(0);
  const published = await json('publish', '--repository', mine, '--keys', online, ...withPassphrase);
  const days = (Date.parse(published.value.expires.timestamp!) - Date.now()) / 86_400_000;
  expect(Math.round(days)).toBe(30);
  const few = await release(
    'init',
    ...folders.map((f) => f.replace('mine', 'few')),
    '--root-keys',
    '1',
    ...withPassphrase,
  );
  expect(few.stderr).toContain('release-threshold-wrong');
  expect(existsSync(at('few-keys'))).toBe(false);
});

test('a build whose store no earlier build can open causes a warning when signed and published, not an error', async () => {
  const [mine, keys, online] = [at('way'), at('way-keys'), at('way-online')];
  const counts = ['--root-keys', '1', '--root-threshold', '1', '--targets-keys', '1', '--targets-threshold', '1'];
  await json('init', '--repository', mine, '--keys', keys, '--online-keys', online, ...counts, ...withPassphrase);
  const notified: string[][] = [];
  for (const [version, schema, minReader] of [
    ['1.0.0', 1, 1],
    ['1.1.0', 3, 3],
    ['1.2.0', 3, 3],
  ] as const) {
    const { archive } = buildArchive(at('way-archives'), { version, program: 'x', schema, minReader });
    const build = ['--build', archive, '--keys', keys, '--yes'];
    const signed = await json('sign', '--repository', mine, ...build, ...withPassphrase);
    const published = await json('publish', '--repository', mine, '--keys', online, ...withPassphrase);
    expect([signed.code, published.code], signed.stderr + published.stderr).toEqual([0, 0]);
    notified.push([signed, published].map(({ stderr }) => /^!.*$/m.exec(stderr)?.[0] ?? ''));
  }
  const warning = expect.stringMatching(
    /^! No kiosk would accept 1\.1\.0 .*update-cannot-roll-back.*reads schema 3 first/,
  );
  expect(notified).toEqual([
    ['', ''],
    [warning, warning],
    ['', ''],
  ]);
}, 240_000);

const missing = motoMissing();
if (missing) console.log(missing);
describe.skipIf(missing)('an object store', () => {
  let moto: Moto;
  beforeAll(async () => {
    moto = await startMoto();
    const client = s3Client(moto.settings('updates'));
    await client.send(new CreateBucketCommand({ Bucket: 'updates' }));
    client.destroy();
    const { S3_BUCKET_NAME: _, ...more } = moto.env('updates');
    env = more;
  });
  afterAll(() => moto?.remove());

  test('accepts the repository below a prefix, and a kiosk’s client verifies it there', async () => {
    const keys = ['--keys', online, '--keys', at('online2')];
    const args = ['refresh', '--repository', repository, ...keys, '--to', 's3://updates/kiosks'];
    const published = await json(...args, ...withPassphrase);
    expect(published.code, published.stderr).toBe(0);
    const store = openObjectStore(moto.settings('updates'));
    const folder = at('from-s3');
    for await (const { key } of store.list('kiosks/')) {
      const pieces: Uint8Array[] = [];
      for await (const piece of await store.get(key)) pieces.push(piece);
      mkdirSync(join(folder, key, '..'), { recursive: true });
      writeFileSync(join(folder, key), Buffer.concat(pieces));
    }
    store.close();
    const verified = await json('verify', '--root', trusted, '--from', join(folder, 'kiosks'));
    expect([verified.code, verified.value.builds.length]).toEqual([0, 2]);
    const unset = await sp(at('nobody'), [...['release'], ...args, ...withPassphrase], { env: { AWS_REGION: '' } });
    expect([unset.code, unset.stderr]).toEqual([2, expect.stringContaining('bad-configuration')]);
  });
});

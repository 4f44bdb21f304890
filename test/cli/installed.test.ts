import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readEnvironmentFile } from '../../electron/cli/server/env-file.ts';
import { reservePorts } from '../services/ports.ts';
import { sp } from './run-sp.ts';

/** Which server a command applies to, and that it doesn't create one. */

/** Only a guard against hanging. */
vi.setConfig({ testTimeout: 900_000, hookTimeout: 600_000 });

const REPOSITORY = join(import.meta.dirname, '../..');
const root = mkdtempSync(join(tmpdir(), 'sp-installed-'));
// The server's user needs to pass through it.
chmodSync(root, 0o711);
afterAll(() => rmSync(root, { recursive: true }));
const config = join(root, 'etc');
const run = (args: string[], env: NodeJS.ProcessEnv) =>
  sp('', args, { env: { SMARTPRESENCE_CONFIG: config, XDG_DATA_HOME: join(root, 'data'), ...env } });

test('without a server a command says so and creates nothing', async () => {
  const listed = await run(['accounts', 'list'], { SMARTPRESENCE_SERVER_HOME: join(root, 'none') });
  expect([listed.code, listed.stdout, listed.stderr]).toEqual([3, '', expect.stringMatching(/^sp: server-missing: /)]);
  const key = () => randomBytes(32).toString('base64');
  const keyed = await run(['accounts', 'list'], {
    SMARTPRESENCE_SERVER_HOME: join(root, 'none'),
    ENCRYPTION_KEY: key(),
    SECRET_KEY: key(),
  });
  expect([keyed.code, keyed.stdout, keyed.stderr]).toEqual([3, '', expect.stringContaining('sp: server-missing: ')]);
  expect(existsSync(join(root, 'none'))).toBe(false);
});

test('nothing advises new keys if a server exists whose keys are missing', async () => {
  const home = join(root, 'keyless');
  mkdirSync(join(home, 'pglite'), { recursive: true });
  const listed = await run(['accounts', 'list'], { SMARTPRESENCE_SERVER_HOME: home });
  expect([listed.code, listed.stderr]).toEqual([2, expect.stringMatching(/^sp: keys-missing: /)]);
  expect(listed.stderr).not.toMatch(/keys generate|setup|openssl/);
  const made = await run(['server', 'init'], { SMARTPRESENCE_SERVER_HOME: home });
  expect([made.code, made.stderr]).toEqual([3, expect.stringMatching(/^sp: server-exists: /)]);
  expect(readdirSync(home)).toEqual(['pglite']);
});

test('server init makes no new keys if some are given', async () => {
  const home = join(root, 'given');
  const made = await run(['server', 'init'], { SMARTPRESENCE_SERVER_HOME: home, SECRET_KEY_FILE: '/some/file' });
  expect([made.code, made.stderr]).toEqual([2, expect.stringContaining('SECRET_KEY')]);
  expect(existsSync(home)).toBe(false);
});

const why =
  process.getuid?.() !== 0
    ? 'not root'
    : spawnSync('systemd-creds').error
      ? 'no systemd-creds'
      : spawnSync('unshare', ['--mount', 'true']).status === 0
        ? null
        : 'no mount name space';
if (why) console.log(`SKIPPED: a server installed as a service: ${why}`);

describe.skipIf(why !== null)('a server installed as a service', () => {
  const USER = 64_000;
  const home = '/var/lib/smartpresence';
  const here = join(root, 'var-lib');
  const copy = join(root, 'copy');

  /** Runs a process that sees a machine with the user smartpresence and its own /var/lib. */
  async function onMachine(program: string, args: string[], env: NodeJS.ProcessEnv = {}) {
    const mounts = 'mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/var-lib" /var/lib && shift && exec "$@"';
    const child = spawn(
      'unshare',
      ['--mount', 'sh', '-c', mounts, 'sh', root, process.execPath, join(REPOSITORY, program), ...args],
      {
        env: { ...process.env, SMARTPRESENCE_HOME: '', SMARTPRESENCE_CONFIG: config, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, out, err };
  }
  const command = (...args: string[]) => onMachine('electron/cli/sp.ts', args);

  beforeAll(() => {
    mkdirSync(here);
    mkdirSync(config);
    writeFileSync(
      join(root, 'passwd'),
      `${readFileSync('/etc/passwd', 'utf8')}smartpresence:x:${USER}:${USER}::${home}:/bin/false\n`,
    );
  });

  test('setup seals the keys, and writes variables in a form a shell can read', async () => {
    const [people, devices] = (await reservePorts(2)) as [number, number];
    const file = join(root, 'answers');
    writeFileSync(
      file,
      `SMARTPRESENCE_DATABASE_URL=embedded
SETUP_KEYS_COPY=${copy}
SMARTPRESENCE_HOSTNAMES=localhost
SMARTPRESENCE_BIND=127.0.0.1
SMARTPRESENCE_PEOPLE_PORT=${people}
SMARTPRESENCE_DEVICE_PORT=${devices}
SMARTPRESENCE_PEOPLE_CERT=own
SMARTPRESENCE_SITE="Main entrance"
S3_BUCKET_NAME=none
SMTP_URL=none
SETUP_CONTROLLER="Example Ltd"
SETUP_PRIVACY_CONTACT=privacy@example.org
SETUP_DPO=none
SETUP_ADMIN=ada@example.org
`,
    );
    const done = await command('setup', '--answers', file);
    expect([done.code, done.out], done.err).toEqual([
      0,
      expect.stringContaining('systemctl enable --now smartpresence-server'),
    ]);
    expect(done.err).toContain('sealed to this machine by systemd-creds');
    const variables = readFileSync(join(config, 'server.env'), 'utf8');
    expect(variables).toContain('SMARTPRESENCE_SITE="Main entrance"\n');
    const keys = readEnvironmentFile(readFileSync(copy, 'utf8'));
    for (const [name, key] of Object.entries(keys)) {
      expect(readFileSync(join(config, 'credentials', name), 'utf8')).not.toContain(key);
      expect(variables + done.out + done.err).not.toContain(key);
    }
    const { mode, gid } = statSync(join(config, 'server.env'));
    expect([mode & 0o777, gid, statSync(join(config, 'credentials')).mode & 0o777]).toEqual([0o640, USER, 0o700]);
  });

  test('root’s commands open its credentials, run as its user, and say which server it is', async () => {
    const listed = await command('accounts', 'list');
    expect([listed.code, listed.err]).toEqual([0, `sp: server ${home}, embedded database\n`]);
    expect(listed.out).toContain('ada@example.org');
    const made = join(here, 'smartpresence');
    const owners = readdirSync(made, { recursive: true, encoding: 'utf8' }).map(
      (name) => statSync(join(made, name)).uid,
    );
    expect(new Set([...owners, statSync(made).uid])).toEqual(new Set([USER]));
    const second = await command('server', 'init');
    expect([second.code, second.err]).toEqual([3, expect.stringMatching(/^sp: server-exists: /)]);
  });

  test('a server with wrong keys exits with 2, so that systemd does not restart it', async () => {
    const key = () => randomBytes(32).toString('base64');
    const keys = { SMARTPRESENCE_SERVER_HOME: home, ENCRYPTION_KEY: key(), SECRET_KEY: key() };
    const ended = await onMachine('sync/server/main.ts', [], keys);
    expect([ended.code, ended.err]).toEqual([2, expect.stringContaining('wrong-encryption-key')]);
  });
});

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDeviceSecret } from '../../electron/core/keys/credential.ts';
import { reservePorts } from '../services/ports.ts';
import { debianRoot } from './debian.ts';
import { cantRun, KIOSK } from './machine.ts';

/*
 * The device secret, sealed by a TPM as install.sh seals it. The TPM is software, with all commands of a real one. The program
 * comes from an installed kiosk's Debian, since not every machine's systemd is built with TPM support.
 */

const NAME = 'smartpresence-device-secret';
const impossible = cantRun('swtpm', 'tpm2_pcrextend', 'debootstrap');
if (impossible) console.log(impossible);

interface Tpm {
  /** The device string for systemd and tpm2-tools. */
  readonly device: string;
  close(): Promise<void>;
}

async function startTpm(state: string): Promise<Tpm> {
  mkdirSync(state, { recursive: true });
  const [port, control] = (await reservePorts(2)) as [number, number];
  // The control channel must be the next port: a convention of swtpm's TCTI.
  const child: ChildProcess = spawn(
    'swtpm',
    [
      'socket',
      '--tpm2',
      '--tpmstate',
      `dir=${state}`,
      '--server',
      `type=tcp,port=${port},bindaddr=127.0.0.1`,
      '--ctrl',
      `type=tcp,port=${control},bindaddr=127.0.0.1`,
      '--flags',
      'not-need-init,startup-clear',
    ],
    { stdio: 'ignore' },
  );
  const device = `swtpm:host=127.0.0.1,port=${port}`;
  for (let tries = 200; ; tries--) {
    if (spawnSync('tpm2_getcap', ['-T', device, 'properties-fixed']).status === 0) break;
    if (tries === 0 || child.exitCode !== null) {
      child.kill('SIGKILL');
      throw new Error('swtpm did not start');
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  return {
    device,
    async close() {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

describe.skipIf(impossible !== null)('the device secret in a TPM', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sp-tpm-'));
  const secret = randomBytes(32);
  const sealed = join(folder, NAME);
  let tpm: Tpm;
  let debian: string;
  const creds = (args: string[], input: Buffer, env: NodeJS.ProcessEnv = {}) =>
    spawnSync('chroot', [debian, 'systemd-creds', ...args, '-', '-'], { input, env: { ...process.env, ...env } });
  const open = (device: string, name = NAME, file = sealed) =>
    creds(['decrypt', `--name=${name}`], readFileSync(file), { SYSTEMD_TPM2_DEVICE: device });

  // Created once per machine, from its mirror. With a slow mirror it takes a quarter of an hour.
  beforeAll(() => void debianRoot(), 3_600_000);
  beforeAll(async () => {
    debian = debianRoot();
    tpm = await startTpm(join(folder, 'one'));
    // Taken from the installer's own script, so that changes to it are tested too.
    const script = readFileSync(join(KIOSK, 'install.sh'), 'utf8');
    const how = /with='(--with-key=tpm2 [^']+)'/.exec(script)![1]!.split(' ');
    const { status, stdout, stderr } = creds(
      ['encrypt', ...how, `--tpm2-device=${tpm.device}`, `--name=${NAME}`],
      secret,
    );
    writeFileSync(sealed, stdout);
    expect([status, String(stderr)]).toEqual([0, expect.any(String)]);
  }, 600_000);
  afterAll(async () => {
    await tpm.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('opens with the TPM that sealed it, also after a power-off, and is accepted by the host', async () => {
    expect(readFileSync(sealed).includes(secret)).toBe(false);
    expect(open(tpm.device).stdout.equals(secret)).toBe(true);
    await tpm.close();
    tpm = await startTpm(join(folder, 'one'));
    const opened = open(tpm.device);
    expect(opened.stdout.equals(secret)).toBe(true);
    const credentials = join(folder, 'credentials');
    mkdirSync(credentials);
    writeFileSync(join(credentials, NAME), opened.stdout);
    expect(readDeviceSecret({ CREDENTIALS_DIRECTORY: credentials }, false)).toBe(secret.toString('base64'));
  });

  test('does not open with another TPM, under another name, or if altered', async () => {
    const other = await startTpm(join(folder, 'two'));
    const elsewhere = open(other.device);
    expect([elsewhere.status === 0, elsewhere.stdout.length]).toEqual([false, 0]);
    await other.close();
    expect(open(tpm.device, 'another-name').status).not.toBe(0);
    const text = readFileSync(sealed, 'utf8');
    const altered = join(folder, 'altered');
    const at = Math.floor(text.length / 2);
    writeFileSync(altered, text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1));
    expect(open(tpm.device, NAME, altered).status).not.toBe(0);
  });

  test('does not open if the machine booted with another secure boot state (PCR 7)', async () => {
    expect(open(tpm.device).status).toBe(0);
    const digest = randomBytes(32).toString('hex');
    expect(spawnSync('tpm2_pcrextend', ['-T', tpm.device, `7:sha256=${digest}`]).status).toBe(0);
    expect(open(tpm.device).status).not.toBe(0);
    // At the next boot the secure boot state is as before.
    await tpm.close();
    tpm = await startTpm(join(folder, 'one'));
    expect(open(tpm.device).stdout.equals(secret)).toBe(true);
  });
});

import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { cantRun, FILES, run } from './machine.ts';

/* What the kiosk may request of its machine, and the stick that a technician unlocks. */

const folder = mkdtempSync(join(tmpdir(), 'sp-requests-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const PROGRAMS = join(FILES, 'opt/smartpresence');

describe('a technician’s request to the machine', () => {
  const spool = join(folder, 'spool');
  const notified = join(folder, 'notified');
  const systemctl = join(folder, 'systemctl');
  writeFileSync(systemctl, `#!/bin/sh\necho "$*" >>"${notified}"\n`, { mode: 0o755 });
  const takeRequests = () => spawnSync(join(PROGRAMS, 'technician'), [spool, systemctl]);
  const ask = (...names: string[]): string[] => {
    rmSync(notified, { force: true });
    rmSync(spool, { recursive: true, force: true });
    mkdirSync(spool);
    for (const name of names) writeFileSync(join(spool, name), 'reboot; rm -rf /');
    expect(takeRequests().status).toBe(0);
    expect(readdirSync(spool)).toEqual([]);
    return existsSync(notified) ? readFileSync(notified, 'utf8').trim().split('\n') : [];
  };

  test('is one of three, identified only by name', () => {
    expect(ask('restart')).toEqual(['--no-block reboot']);
    expect(ask('login')).toEqual(['--no-block start smartpresence-login.service']);
    expect(ask('stick')).toEqual(['--no-block start smartpresence-stick.service']);
    expect(ask()).toEqual([]);
  });

  test('is ignored if it is anything else', () => {
    const others = ['poweroff', '.hidden', 'restart.service', '-rf', 'a b', '$(reboot)'];
    mkdirSync(spool, { recursive: true });
    for (const name of others) writeFileSync(join(spool, name), '');
    mkdirSync(join(spool, 'restart/deeper'), { recursive: true });
    rmSync(notified, { force: true });
    expect(takeRequests().status).toBe(0);
    expect(readdirSync(spool).toSorted()).toEqual([...others, 'restart'].toSorted());
    expect(existsSync(notified)).toBe(false);
    rmSync(spool, { recursive: true });
  });

  test('can’t be a link that makes root delete its target', () => {
    const precious = join(folder, 'precious');
    mkdirSync(precious);
    for (const name of ['restart', 'file']) writeFileSync(join(precious, name), 'kept');
    const kept = () => expect(readdirSync(precious).toSorted()).toEqual(['file', 'restart']);

    // A link replaces the folder itself.
    symlinkSync(precious, spool);
    rmSync(notified, { force: true });
    expect(takeRequests().status).toBe(1);
    kept();
    expect(existsSync(notified)).toBe(false);
    rmSync(spool);

    // A link replaces a request: it is deleted, and counts as the request of that name.
    mkdirSync(spool);
    symlinkSync(precious, join(spool, 'restart'));
    symlinkSync(join(precious, 'file'), join(spool, 'login'));
    expect(takeRequests().status).toBe(0);
    expect(readdirSync(spool)).toEqual([]);
    kept();
  });
});

const impossible = cantRun('mount', 'losetup', 'mkfs.ext4');
if (impossible) console.log(impossible);

describe.skipIf(impossible !== null)('a USB stick', () => {
  const at = join(folder, 'mounted');
  const env = (disk: string, keep = '30') => ({
    ...process.env,
    SMARTPRESENCE_STICK_RUN: join(folder, 'run'),
    SMARTPRESENCE_STICK_MOUNT: at,
    SMARTPRESENCE_STICK_SYS: join(folder, 'sys'),
    SMARTPRESENCE_STICK_WAIT: '2',
    SMARTPRESENCE_STICK_KEEP: keep,
    SMARTPRESENCE_STICK_DISKS: disk,
  });
  const stickOf = (...folders: string[]): string => {
    const image = join(folder, `stick-${randomUUID()}.img`);
    const content = join(folder, 'content');
    for (const name of folders) mkdirSync(join(content, name), { recursive: true });
    writeFileSync(join(content, folders[0] ?? '.', 'program'), '#!/bin/sh\n', { mode: 0o755 });
    run('truncate', '-s', '8M', image);
    run('mkfs.ext4', '-q', '-d', content, image);
    rmSync(content, { recursive: true });
    return image;
  };
  const interfaceOf = (cls: string): string => {
    const path = join(folder, 'sys/bus/usb/devices', `1-1:1.${cls}`);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'bInterfaceClass'), `${cls}\n`);
    writeFileSync(join(path, 'authorized'), '?');
    return join(path, 'authorized');
  };

  test('with builds is mounted for a limited time, read-only, without programs or devices', async () => {
    const disk = run('losetup', '--find', '--show', stickOf('smartpresence-updates')).trim();
    mkdirSync(join(folder, 'sys/class/block'), { recursive: true });
    const [storage, keyboard] = [interfaceOf('08'), interfaceOf('03')];
    const opened = spawn(join(PROGRAMS, 'stick'), ['open'], { env: env(disk), stdio: 'ignore', detached: true });
    try {
      await vi.waitFor(() => expect(readFileSync('/proc/mounts', 'utf8')).toContain(` ${at} `), { timeout: 60_000 });
      const options = readFileSync('/proc/mounts', 'utf8')
        .split('\n')
        .find((line) => line.includes(` ${at} `))!
        .split(' ')[3]!
        .split(',');
      expect(options).toEqual(expect.arrayContaining(['ro', 'nosuid', 'nodev', 'noexec']));
      expect(readdirSync(join(at, 'smartpresence-updates'))).toEqual(['program']);
      expect(spawnSync(join(at, 'smartpresence-updates/program')).error).toMatchObject({ code: 'EACCES' });
      expect(readFileSync(storage, 'utf8').trim()).toBe('1');
      expect(readFileSync(keyboard, 'utf8').trim()).toBe('?');
      expect(existsSync(join(folder, 'run/open'))).toBe(true);
    } finally {
      process.kill(-opened.pid!, 'SIGKILL');
    }
    // However the work ended, systemd closes the stick afterwards.
    expect(spawnSync(join(PROGRAMS, 'stick'), ['close'], { env: env(disk) }).status).toBe(0);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(` ${at} `);
    expect(readFileSync(storage, 'utf8').trim()).toBe('0');
    expect(existsSync(join(folder, 'run'))).toBe(false);
    run('losetup', '--detach', disk);
  });

  test('without builds is unmounted at once', () => {
    const disk = run('losetup', '--find', '--show', stickOf('holiday')).trim();
    const { status, stderr } = spawnSync(join(PROGRAMS, 'stick'), ['open'], { env: env(disk), encoding: 'utf8' });
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining('no stick with a folder smartpresence-updates was plugged in'),
    ]);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(` ${at} `);
    run('losetup', '--detach', disk);
  });
});

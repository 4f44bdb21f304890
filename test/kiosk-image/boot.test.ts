import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectVersion } from '../../build/package/files.ts';
import { kioskArtefact } from '../installed/artefact.ts';
import { type Booted, boot, copyOfDebian, debianRoot, IN_A_CONTAINER } from './debian.ts';
import { cantRun, run } from './machine.ts';

/*
 * Boots a Debian machine that install.sh has turned into a kiosk: its own systemd, the packaged kiosk in its cage session, and
 * the units unchanged except for what a container lacks, a screen and a terminal.
 */

const impossible = cantRun('debootstrap', 'systemd-nspawn', 'nsenter', 'pgrep', 'losetup', 'mkfs.ext4');
if (impossible) console.log(impossible);
const ARTEFACTS = resolve(import.meta.dirname, '../artefacts');
/** Only guards against hanging: this machine may be busy. */
const HANGS_MS = 900_000;
/** A container has no USB, so its stick is a loop device. */
const STICK_HERE = `[Service]
Environment=SMARTPRESENCE_STICK_DISKS=/dev/stick
`;

describe.skipIf(impossible !== null)('a machine turned into a kiosk', { timeout: 2 * HANGS_MS }, () => {
  const out = mkdtempSync(join(tmpdir(), 'sp-boot-'));
  let debian: { root: string; remove: () => void };
  let machine: Booted;
  const put = (path: string, text: string): void => {
    mkdirSync(join(debian.root, path, '..'), { recursive: true });
    writeFileSync(join(debian.root, path), text);
  };
  const install = ['/opt/installer/install.sh', '--no-packages', '--server', '192.0.2.10:8444'];
  const journal = (): string => machine.say('journalctl', '--no-pager', '--output=cat', '--unit=smartpresence-kiosk');
  const asKiosk = ['setpriv', '--reuid=smartpresence', '--regid=smartpresence', '--init-groups'];
  /** Requests something of the machine as the kiosk does: as its user, and with the file system that its unit has. */
  const request = (name: string): string =>
    machine.say(
      'sh',
      '-c',
      'exec nsenter --mount --target "$(pgrep -x cage)" -- "$@"',
      'sh',
      ...asKiosk,
      'touch',
      `/var/lib/smartpresence/machine/${name}`,
    );
  const inSession = ['env', 'XDG_RUNTIME_DIR=/run/smartpresence', 'WAYLAND_DISPLAY=wayland-0', ...asKiosk];
  const started = (): string =>
    machine.say('systemctl', 'show', '--value', '--property=InvocationID', 'smartpresence-kiosk').trim();
  /** Whether the kiosk reports ready, in a start other than this one. */
  const ready = (than = '') =>
    machine.until(
      'the kiosk',
      HANGS_MS,
      'sh',
      '-c',
      `now=$(systemctl show --value --property=InvocationID smartpresence-kiosk); [ "$now" != "${than}" ] && systemctl is-active --quiet smartpresence-kiosk && journalctl --output=cat _SYSTEMD_INVOCATION_ID="$now" | grep -q '"ready":true'`,
    );

  // Created once per machine, from its mirror. With a slow mirror it takes a quarter of an hour.
  beforeAll(() => void debianRoot(), 3_600_000);
  beforeAll(async () => {
    debian = copyOfDebian();
    const {
      build: { archive },
      installer,
    } = kioskArtefact();
    mkdirSync(join(debian.root, 'opt/installer'));
    run('tar', '-xzf', installer, '-C', join(debian.root, 'opt/installer'), '--no-same-owner');
    cpSync(archive, join(debian.root, 'opt/installer/kiosk.tar.gz'));
    put('etc/fstab', 'UUID=2 none swap sw 0 0\n');
    put('etc/systemd/system/smartpresence-kiosk.service.d/container.conf', IN_A_CONTAINER);
    put('etc/systemd/system/smartpresence-stick.service.d/here.conf', STICK_HERE);
    machine = await boot(debian.root);
    const sha256 = run('sha256sum', archive).slice(0, 64);
    const said = machine.say(...install, '--archive', '/opt/installer/kiosk.tar.gz', '--sha256', sha256);
    expect(said).toContain('update: the first build is in place');
    expect(said).toMatch(/no TPM here: the device secret is sealed by a key of this machine/);
    await machine.halt();
    // The installer says: restart the machine, and it is a kiosk.
    machine = await boot(debian.root);
    await ready();
  }, 3_600_000);
  afterAll(async () => {
    await machine?.halt();
    debian?.remove();
    rmSync(out, { recursive: true, force: true });
  }, 600_000);

  test('boots into the kiosk, with its page in the session and every unit healthy', async () => {
    expect(machine.say('systemctl', 'list-units', '--failed', '--no-legend')).toBe('');
    const picture = (): Buffer => machine.do(...inSession, 'grim', '-t', 'png', '-').raw;
    // A page with text, not a single colour: the middle of the screen is checked too.
    await expect
      .poll(async () => (await sharp(picture()).stats()).channels[0]!.stdev, { timeout: HANGS_MS, interval: 1_000 })
      .toBeGreaterThan(10);
    mkdirSync(ARTEFACTS, { recursive: true });
    writeFileSync(join(ARTEFACTS, 'kiosk-session.png'), picture());
    expect(journal()).not.toMatch(/"level":"error"/);
  });

  test('has the command on its path: the current build’s, run as the kiosk’s user on its data', () => {
    expect(machine.say('smartpresence', '--version')).toContain(projectVersion());
    // It belongs to no server, so it exits with code 1 but still reports.
    const { out, err } = machine.do('smartpresence', 'status', '--json');
    expect([JSON.parse(out), err]).toEqual([expect.objectContaining({ version: projectVersion() }), '']);
  });

  test('runs the kiosk as its own user within its unit, with a sandboxed browser', () => {
    const processes = machine
      .say('ps', '-eo', 'pid=,user:32=,cgroup:80=,args:400=')
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/));
    const browser = processes.filter(([, , , ...args]) => args.join(' ').includes('/chromium/chromium'));
    expect(browser.length).toBeGreaterThan(3);
    for (const [, user, group, ...args] of browser) {
      expect([user, group]).toEqual([
        'smartpresence',
        expect.stringContaining('/system.slice/smartpresence-kiosk.service'),
      ]);
      expect(args.join(' ')).not.toContain('--no-sandbox');
    }
    const renderer = browser.find(([, , , ...args]) => args.includes('--type=renderer'))![0]!;
    expect(machine.say('cat', `/proc/${renderer}/status`)).toMatch(/^NoNewPrivs:\t1\nSeccomp:\t2$/m);
    expect(machine.say('readlink', `/proc/${renderer}/ns/user`)).not.toBe(machine.say('readlink', '/proc/1/ns/user'));
    expect(machine.say('sh', '-c', 'cat /proc/$(pgrep -x cage)/limits')).toMatch(/^Max core file size +0 +0 /m);
  });

  test('has no other way in: no terminal, no login, no listening port, only the kiosk on the screen', () => {
    expect(machine.do('pgrep', '-l', 'getty|login$|sshd').out).toBe('');
    expect(machine.do('sh', '-c', 'command -v sshd').code).not.toBe(0);
    for (const unit of ['getty@tty1.service', 'ssh.service', 'ctrl-alt-del.target', 'emergency.service'])
      expect([unit, machine.say('systemctl', 'show', '--value', '--property=LoadState', unit).trim()]).toEqual([
        unit,
        'masked',
      ]);
    const listening = machine.say('ss', '--listening', '--tcp', '--udp', '--numeric', '--no-header').trim().split('\n');
    expect(listening).toEqual([expect.stringMatching(/127\.0\.0\.1:7480/)]);
    expect(machine.say('passwd', '--status', 'smartpresence')).toMatch(/^smartpresence L /);
    expect(machine.say('swapon', '--show')).toBe('');
    expect(machine.say('nft', 'list', 'table', 'inet', 'smartpresence').match(/policy drop/g)).toHaveLength(3);
  });

  test('the kiosk’s user can’t write its builds or what starts it, or read sealed secrets', () => {
    for (const path of [
      '/var/lib/smartpresence/builds/x',
      '/var/lib/smartpresence/builds/current/x',
      '/opt/smartpresence/launcher',
      '/etc/systemd/system/x',
      '/etc/chromium/policies/managed/x.json',
      '/var/lib/smartpresence/update/x',
    ])
      expect([path, machine.do(...asKiosk, 'sh', '-c', `: >>${path}`).code]).toEqual([path, 2]);
    expect(machine.do(...asKiosk, 'cat', '/etc/smartpresence/credentials/smartpresence-device-secret').code).not.toBe(
      0,
    );
    expect(
      machine.do(
        'setpriv',
        '--reuid=smartpresence-update',
        '--regid=smartpresence-update',
        '--clear-groups',
        'ls',
        '/var/lib/smartpresence/kiosk',
      ).code,
    ).not.toBe(0);
  });

  test('keys lead nowhere here either', async () => {
    const before = machine.say('pgrep', '--count', '-f', 'type=renderer');
    for (const chord of [
      ['ctrl', 't'],
      ['ctrl', 'n'],
      ['alt', 'F4'],
      ['ctrl', 'w'],
      ['alt', 'Escape'],
    ])
      machine.say(...inSession, 'wtype', '-M', chord[0]!, '-k', chord[1]!, '-m', chord[0]!);
    machine.say(...inSession, 'wtype', '-k', 'F12');
    machine.say('sleep', '2');
    expect(machine.say('pgrep', '--count', '-f', 'type=renderer')).toBe(before);
    expect(machine.do('pgrep', '-x', 'cage').code).toBe(0);
  });

  test('whatever ends the kiosk, it is restarted', async () => {
    const before = started();
    machine.say('pkill', '-KILL', '-x', 'cage');
    await ready(before);
  });

  test('a request for a build starts the updater, which ends when done', async () => {
    const asked =
      'printf %s \'{"id":"01890a5d-ac96-774b-bcce-b302099a8057","want":"check"}\' >/var/lib/smartpresence/spool/request.json';
    machine.say(...asKiosk, 'sh', '-c', asked);
    await machine.until(
      'the updater’s answer',
      HANGS_MS,
      'grep',
      '-q',
      '01890a5d-ac96-774b-bcce-b302099a8057',
      '/var/lib/smartpresence/update/status.json',
    );
    expect(machine.say('stat', '--format=%U', '/var/lib/smartpresence/update/status.json').trim()).toBe(
      'smartpresence-update',
    );
    await machine.until(
      'the updater’s end',
      HANGS_MS,
      'sh',
      '-c',
      '! systemctl is-active --quiet smartpresence-update',
    );
  });

  test('a technician’s requests are carried out: a login replaces the kiosk, and returns to it', async () => {
    const before = started();
    request('login');
    // A container has no terminal to log in at, so the login ends at once. The kiosk had stopped for it and starts again.
    await machine.until(
      'the login',
      HANGS_MS,
      'sh',
      '-c',
      "journalctl --output=cat --unit=smartpresence-technician | grep -q 'opening a login'",
    );
    await machine.until(
      'the login’s end',
      HANGS_MS,
      'sh',
      '-c',
      "journalctl --output=cat --unit=smartpresence-login | grep -q 'login at the screen'",
    );
    await ready(before);
    expect(machine.say('ls', '-A', '/var/lib/smartpresence/machine')).toBe('');
  });

  test('a USB stick admitted by a technician is mounted read-only for the updater, and unmounted when its time is over', async () => {
    const content = join(out, 'stick');
    mkdirSync(join(content, 'smartpresence-updates/metadata'), { recursive: true });
    run('truncate', '-s', '8M', join(out, 'stick.img'));
    run('mkfs.ext4', '-q', '-d', content, join(out, 'stick.img'));
    const loop = run('losetup', '--find', '--show', join(out, 'stick.img')).trim();
    // The result of the updater for the newest build on a stick.
    const code = async (id: string): Promise<string> => {
      const request = { id, want: 'stage', version: null, action: 'install', source: 'usb' };
      const text = JSON.stringify({ ...request, now: new Date().toISOString() });
      machine.say(...asKiosk, 'sh', '-c', `printf %s '${text}' >/var/lib/smartpresence/spool/request.json`);
      const status = '/var/lib/smartpresence/update/status.json';
      await machine.until('the updater’s answer', HANGS_MS, 'grep', '-Pzq', `${id}(.|\\n)*"refused"`, status);
      return JSON.parse(machine.say('cat', status)).problem.code as string;
    };
    try {
      machine.device('/dev/stick', loop);
      expect(await code('01890a5d-ac96-774b-bcce-b302099a8001')).toBe('update-no-stick');
      request('stick');
      await machine.until('the stick', HANGS_MS, 'findmnt', '/run/media/smartpresence');
      expect(machine.say('findmnt', '--noheadings', '--output=OPTIONS', '/run/media/smartpresence')).toMatch(
        /^ro,nosuid,nodev,noexec,/,
      );
      // It has found the stick. What is missing now is the trusted key, which this machine was never given.
      expect(await code('01890a5d-ac96-774b-bcce-b302099a8002')).toBe('update-no-trust');
      machine.say('systemctl', 'stop', 'smartpresence-stick');
      expect(machine.do('findmnt', '/run/media/smartpresence').code).not.toBe(0);
      expect(await code('01890a5d-ac96-774b-bcce-b302099a8003')).toBe('update-no-stick');
    } finally {
      machine.do('systemctl', 'stop', 'smartpresence-stick');
      run('losetup', '--detach', loop);
    }
  });

  test('the installer changes nothing when run again', () => {
    const said = machine.say(...install);
    expect(said).not.toMatch(/^wrote /m);
    expect(readFileSync(join(debian.root, 'etc/fstab'), 'utf8')).toBe('# smartpresence: UUID=2 none swap sw 0 0\n');
  });

  test('uninstalled, it is a plain machine again', () => {
    machine.say('/opt/installer/install.sh', '--uninstall', '--purge');
    expect(machine.do('systemctl', 'is-active', 'smartpresence-kiosk').out.trim()).not.toBe('active');
    expect(machine.do('nft', 'list', 'table', 'inet', 'smartpresence').code).not.toBe(0);
    expect(machine.do('ls', '/var/lib/smartpresence').code).not.toBe(0);
    expect(
      machine
        .say(
          'sh',
          '-c',
          'find /etc /opt -name "*smartpresence*" -not -path "/opt/installer*" -not -path "/etc/systemd/system/smartpresence-*.service.d*"',
        )
        .trim(),
    ).toBe('');
  });
});

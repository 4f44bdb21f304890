import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, lstatSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bareMachine, cantRun, FILES, INSTALL, KIOSK, type Machine } from './machine.ts';

/* What install.sh puts on a machine, checked in a folder used as the root. For a booted machine see boot.test.ts. */

const impossible = cantRun('systemd-sysusers', 'systemd-tmpfiles', 'systemd-analyze', 'nft', 'udevadm');
if (impossible) console.log(impossible);

const SERVER = ['--server', '192.0.2.10:8444'];

describe.skipIf(impossible !== null)('install.sh', () => {
  let machine: Machine;
  let before: Record<string, string>;
  const number = (name: string): number =>
    Number(machine.text('etc/passwd').match(new RegExp(`^${name}:[^:]*:(\\d+):`, 'm'))![1]);

  beforeAll(() => {
    machine = bareMachine();
    before = machine.state();
    // No build exists here and none is given. When it reports that, everything else is in place.
    const { code, said } = machine.install(...SERVER);
    expect([code, said]).toEqual([
      3,
      expect.stringContaining('there is no build here yet: give --archive and --sha256'),
    ]);
  });
  afterAll(() => machine.remove());

  test('says in a dry run what it would do, and touches nothing', () => {
    const other = bareMachine();
    const untouched = other.state();
    const { said } = other.install('--dry-run', ...SERVER, '--swap', '/dev/sdz3');
    expect(said).toContain('would: write /etc/systemd/system/smartpresence-kiosk.service');
    expect(said).toContain('would: ln -sfn /dev/null');
    expect(other.state()).toEqual(untouched);
    other.remove();
  });

  test('run again, it changes nothing', () => {
    const once = machine.state();
    const { said } = machine.install(...SERVER);
    expect(said).not.toMatch(/^wrote /m);
    expect(machine.state()).toEqual(once);
  });

  test('applies a changed option, and removes what is no longer wanted', () => {
    const other = bareMachine();
    other.install(...SERVER, '--port', '7481', '--swap', '/dev/sdz3');
    expect(other.text('etc/systemd/system/smartpresence-kiosk.service')).toContain('SMARTPRESENCE_PORT=7481');
    expect(other.text('etc/crypttab')).toMatch(/^smartpresence-swap \/dev\/sdz3 \/dev\/urandom swap,cipher=aes-xts/);
    other.install('--server', '192.0.2.11:443');
    expect(other.text('etc/systemd/system/smartpresence-kiosk.service')).toContain('SMARTPRESENCE_PORT=7480');
    expect(other.text('etc/smartpresence/firewall.conf')).toContain('SERVERS="192.0.2.11:443"');
    expect(Object.keys(other.state())).not.toContain('/etc/crypttab');
    other.remove();
  });

  test('lets only the print service reach a printer, and runs none without a printer', () => {
    const other = bareMachine();
    const mask = join(other.root, 'etc/systemd/system/cups.service');
    const asked = (): string =>
      run('sh', join(FILES, 'opt/smartpresence/firewall'), 'print', join(other.root, 'etc/smartpresence/firewall.conf'))
        .stdout;
    other.install(...SERVER);
    expect(readlinkSync(mask)).toBe('/dev/null');
    const without = asked();
    other.install(...SERVER, '--printer', 'ipps://192.0.2.77/ipp/print');
    expect(Object.keys(other.state())).not.toContain('/etc/systemd/system/cups.service');
    const rule = 'ip daddr 192.0.2.77 tcp dport 631 meta skuid { root, lp } accept';
    expect(asked().replace(/\n *ip daddr 192\.0\.2\.77.*/, '')).toBe(without);
    expect(asked()).toContain(rule);
    expect(other.text('etc/systemd/system/cups.service.d/smartpresence.conf')).toContain(
      'TemporaryFileSystem=/var/spool/cups',
    );
    other.install(...SERVER, '--printer', 'usb');
    expect(asked()).toBe(without);
    other.install(...SERVER);
    expect(readlinkSync(mask)).toBe('/dev/null');
    for (const wrong of ['lpd://192.0.2.77', 'ipp://a b/', 'ipp://x;y/', '192.0.2.77'])
      expect(other.install(...SERVER, '--printer', wrong).code).toBe(2);
    other.remove();
  });

  test('leaves the keys of the machine’s other disks alone, whatever happens to the swap', () => {
    const other = bareMachine();
    const theirs = 'root_crypt UUID=7 none luks,discard\n# a remark\n\ndata_crypt UUID=8 /etc/keys/data luks\n';
    writeFileSync(join(other.root, 'etc/crypttab'), theirs, { mode: 0o640 });
    const was = other.state()['/etc/crypttab'];
    const ours = 'smartpresence-swap /dev/sdz3 /dev/urandom swap,cipher=aes-xts-plain64,size=512\n';
    for (let times = 0; times < 2; times++) {
      other.install(...SERVER, '--swap', '/dev/sdz3');
      expect(other.text('etc/crypttab')).toBe(theirs + ours);
    }
    other.install(...SERVER, '--swap', '/dev/sdz4');
    expect(other.text('etc/crypttab')).toBe(theirs + ours.replace('sdz3', 'sdz4'));
    other.install(...SERVER);
    expect(other.state()['/etc/crypttab']).toBe(was);
    other.install(...SERVER, '--swap', '/dev/sdz3');
    other.install('--uninstall', '--purge');
    expect(other.state()['/etc/crypttab']).toBe(was);
    other.remove();
  });

  test('keeps an operator’s own firewall entries if no option mentions them', () => {
    const other = bareMachine();
    other.install(...SERVER);
    writeFileSync(join(other.root, 'etc/smartpresence/firewall.conf'), 'SERVERS="own.example:443"\n');
    other.install();
    expect(other.text('etc/smartpresence/firewall.conf')).toBe('SERVERS="own.example:443"\n');
    other.remove();
  });

  test('restores the machine when uninstalled, except for the two users', () => {
    const other = bareMachine();
    run('ln', '-s', '/lib/systemd/system/gdm.service', join(other.root, 'etc/systemd/system/display-manager.service'));
    const was = other.state();
    other.install(...SERVER, '--swap', '/dev/sdz3');
    expect(readlinkSync(join(other.root, 'etc/systemd/system/display-manager.service'))).toBe('/dev/null');
    const { code, said } = other.install('--uninstall', '--purge');
    expect([code, said]).toEqual([0, expect.stringContaining('the kiosk is removed')]);
    const is = other.state();
    const users = /^\/etc\/(passwd|group|shadow|gshadow)-?$|^\/etc\/\.pwd\.lock$/;
    const left = Object.keys(is).filter(
      (path) => is[path] !== was[path] && !users.test(path) && !is[path]!.endsWith('folder'),
    );
    expect(left).toEqual([]);
    expect(Object.keys(was).filter((path) => is[path] !== was[path] && !users.test(path))).toEqual([]);
    other.remove();
  });

  test('uninstalled, keeps what the operator added to fstab, and empties a data folder that is a file system of its own', () => {
    const other = bareMachine();
    const fstab = join(other.root, 'etc/fstab');
    const was = other.text('etc/fstab');
    other.install(...SERVER);
    expect(other.text('etc/fstab')).not.toBe(was);
    const added = 'UUID=3 /var/lib/smartpresence ext4 defaults 0 2\n';
    writeFileSync(fstab, other.text('etc/fstab') + added);
    const data = join(other.root, 'var/lib/smartpresence');
    const uninstall = `mount -t tmpfs data "$1" && mkdir "$1/kiosk" && : >"$1/kiosk/.store" && "$2" --root "$3" --uninstall --purge && ls -A "$1" >&2`;
    const { status, stdout, stderr } = run('unshare', '-m', 'sh', '-c', uninstall, 'sh', data, INSTALL, other.root);
    expect([status, stderr, stdout]).toEqual([0, '', expect.stringContaining('the kiosk is removed')]);
    expect(other.text('etc/fstab')).toBe(was + added);
    other.remove();
  });

  test('refuses to change a running machine whose root forgets', () => {
    const at = '/media/root-ro';
    const { status, stderr } = run(
      'unshare',
      '-m',
      'sh',
      '-c',
      'mount -t tmpfs media /media && mkdir "$1" && mount -t tmpfs root "$1" && "$2" --dry-run',
      'sh',
      at,
      INSTALL,
    );
    expect([status, stderr]).toEqual([3, expect.stringContaining('run overlayroot-chroot')]);
  });

  test('a mask never overwrites an existing file', () => {
    const other = bareMachine();
    writeFileSync(join(other.root, 'etc/systemd/system/ssh.service'), '[Service]\n');
    const { code, said } = other.install(...SERVER);
    expect([code, said]).toEqual([
      3,
      expect.stringContaining('/etc/systemd/system/ssh.service is not a file of this program'),
    ]);
    other.remove();
  });

  test('refuses an archive with an unexpected hash', () => {
    const archive = join(machine.root, 'x.tar.gz');
    writeFileSync(archive, 'not the archive');
    const { code, said } = machine.install(
      ...SERVER,
      '--archive',
      archive,
      '--sha256',
      createHash('sha256').update('other').digest('hex'),
    );
    expect([code, said]).toEqual([3, expect.stringMatching(/is not the file with SHA-256 .*: fetch it again/)]);
    const unsaid = machine.install(...SERVER, '--archive', archive);
    expect([unsaid.code, unsaid.said]).toEqual([3, expect.stringContaining('--sha256 is missing')]);
    expect(Object.keys(machine.state()).filter((path) => path.startsWith('/var/lib/smartpresence/builds/'))).toEqual(
      [],
    );
  });

  test.each([
    [['--server', 'presence.example'], '--server takes HOST:PORT'],
    [['--server', 'a b:1'], '--server takes HOST:PORT'],
    [['--server', 'x$(reboot):443'], '--server takes HOST:PORT'],
    [['--port', '80'], 'from 1024 to 65535'],
    [['--swap', 'on'], '--swap takes off or a block device'],
    [['--what'], '--what is not known'],
  ])('%j is wrong usage', (options, message) => {
    const { code, said } = machine.install(...options);
    expect([code, said]).toEqual([2, expect.stringContaining(message)]);
  });

  test('refuses a read-only root if the data would be lost', () => {
    const { code, said } = machine.install(...SERVER, '--read-only-root');
    expect([code, said]).toEqual([
      3,
      expect.stringContaining('/var/lib/smartpresence has to be a file system of its own'),
    ]);
    const other = bareMachine();
    writeFileSync(
      join(other.root, 'etc/fstab'),
      'UUID=1 / ext4 defaults 0 1\nUUID=3 /var/lib/smartpresence ext4 defaults 0 2\n',
    );
    other.install(...SERVER, '--read-only-root');
    expect(other.text('etc/overlayroot.local.conf')).toMatch(/^overlayroot="tmpfs:recurse=0"$/m);
    other.remove();
  });

  test('the two users have no shell or password, and neither owns what the other runs', () => {
    for (const name of ['smartpresence', 'smartpresence-update']) {
      expect(machine.text('etc/passwd')).toMatch(new RegExp(`^${name}:.*:/usr/sbin/nologin$`, 'm'));
      expect(machine.text('etc/shadow')).toMatch(new RegExp(`^${name}:!\\*:`, 'm'));
    }
    const owner = (path: string) => {
      const { uid, mode } = lstatSync(join(machine.root, path));
      return [uid, (mode & 0o777).toString(8)];
    };
    const [kiosk, update] = [number('smartpresence'), number('smartpresence-update')];
    expect(kiosk).not.toBe(update);
    expect(owner('var/lib/smartpresence/builds')).toEqual([update, '755']);
    expect(owner('var/lib/smartpresence/update')).toEqual([update, '755']);
    expect(owner('var/lib/smartpresence/spool')).toEqual([kiosk, '755']);
    // Root works in this folder. Its parent belongs to root, so the kiosk's user can't replace it with a link.
    expect(owner('var/lib/smartpresence/machine')).toEqual([kiosk, '700']);
    expect(owner('var/lib/smartpresence')).toEqual([0, '755']);
    expect(owner('var/lib/smartpresence/kiosk')).toEqual([kiosk, '700']);
    for (const program of ['launcher', 'firewall', 'stick', 'technician', 'smartpresence'])
      expect(owner(`opt/smartpresence/${program}`)).toEqual([0, '755']);
    expect(readlinkSync(join(machine.root, 'usr/bin/smartpresence'))).toBe('/opt/smartpresence/smartpresence');
  });

  test('only root can write what is installed', () => {
    for (const path of machine.text('etc/smartpresence/installed').trim().split('\n')) {
      const file = join(machine.root, path);
      if (lstatSync(file).isSymbolicLink()) continue;
      expect([path, lstatSync(file).uid, lstatSync(file).mode & 0o022]).toEqual([path, 0, 0]);
      expect([path, /@[A-Z]+@/.test(readFileSync(file, 'utf8'))]).toEqual([path, false]);
    }
    expect(Object.keys(before).length).toBeLessThan(20);
  });

  test('no terminal, no network login, no Ctrl-Alt-Del, no desktop', () => {
    for (const unit of [
      'getty@.service',
      'autovt@.service',
      'serial-getty@.service',
      'ssh.service',
      'ssh.socket',
      'ctrl-alt-del.target',
      'emergency.service',
      'display-manager.service',
    ])
      expect([unit, readlinkSync(join(machine.root, 'etc/systemd/system', unit))]).toEqual([unit, '/dev/null']);
    expect(machine.text('etc/systemd/logind.conf.d/smartpresence.conf')).toMatch(/^NAutoVTs=0\nReserveVT=0$/m);
    expect(machine.text('etc/sysctl.d/90-smartpresence.conf')).toMatch(/^kernel\.sysrq = 0$/m);
    expect(machine.text('etc/systemd/system/smartpresence-kiosk.service')).toMatch(
      /^ExecStart=\/usr\/bin\/cage -d -- /m,
    );
  });

  test('memory never reaches a disk: no core dumps, no swap', () => {
    expect(machine.text('etc/sysctl.d/90-smartpresence.conf')).toMatch(/^kernel\.core_pattern = \|\/bin\/false$/m);
    expect(machine.text('etc/systemd/coredump.conf.d/smartpresence.conf')).toMatch(/^Storage=none$/m);
    expect(machine.text('etc/security/limits.d/smartpresence.conf')).toMatch(/^\* hard core 0$/m);
    expect(machine.text('etc/fstab')).toMatch(/^# smartpresence: UUID=2 none swap/m);
    expect(machine.text('etc/fstab')).toMatch(/^UUID=1 \/ ext4/m);
    expect(readlinkSync(join(machine.root, 'etc/systemd/system/swap.target'))).toBe('/dev/null');
    // Without an entry in fstab, systemd would use any partition of the type "swap", even where swap.target is not masked.
    const encrypted = bareMachine();
    encrypted.install(...SERVER, '--swap', '/dev/sdz3');
    for (const one of [machine, encrypted])
      expect(readlinkSync(join(one.root, 'etc/systemd/system-generators/systemd-gpt-auto-generator'))).toBe(
        '/dev/null',
      );
    encrypted.remove();
    for (const unit of ['kiosk', 'update']) {
      const text = machine.text(`etc/systemd/system/smartpresence-${unit}.service`);
      for (const line of ['LimitCORE=0', 'MemorySwapMax=0', 'NoNewPrivileges=yes', 'CapabilityBoundingSet='])
        expect([unit, text]).toEqual([unit, expect.stringMatching(new RegExp(`^${line}$`, 'm'))]);
    }
  });

  test('the browser’s policy allows only this kiosk’s page', () => {
    const policy = JSON.parse(machine.text('etc/chromium/policies/managed/smartpresence.json'));
    expect(policy).toMatchObject({
      URLAllowlist: [
        'http://127.0.0.1:7480',
        'file:///run/smartpresence/smartpresence-',
        'chrome://print',
        'chrome-untrusted://print',
      ],
      VideoCaptureAllowedUrls: ['http://127.0.0.1:7480'],
      DeveloperToolsAvailability: 2,
      RemoteDebuggingAllowed: false,
    });
    expect(policy.URLBlocklist).toContain('*');
  });
});

const run = (command: string, ...args: string[]) => spawnSync(command, args, { encoding: 'utf8' });

describe.skipIf(impossible !== null)('the files of an installed kiosk', () => {
  const machine = bareMachine();
  machine.install(...SERVER);
  afterAll(() => machine.remove());
  const units = globSync('etc/systemd/system/smartpresence-*.{service,path,timer}', { cwd: machine.root }).sort();
  /** Highest allowed exposure, 0 to 100. The kiosk's browser makes namespaces and V8 compiles; a login needs everything. */
  const OPEN: Record<string, number> = {
    kiosk: 30,
    update: 20,
    technician: 60,
    firewall: 55,
    'firewall-refresh': 90,
    stick: 90,
    login: 100,
  };

  test('systemd accepts every unit as it is', () => {
    expect(units.length).toBe(10);
    // Programs from Debian's packages are not in this folder.
    for (const program of ['usr/bin/cage', 'usr/bin/systemctl', 'sbin/agetty', 'bin/false']) {
      run('mkdir', '-p', join(machine.root, program, '..'));
      writeFileSync(join(machine.root, program), '#!/bin/sh\n', { mode: 0o755 });
    }
    const { status, stderr } = run(
      'systemd-analyze',
      'verify',
      '--man=no',
      '--recursive-errors=no',
      `--root=${machine.root}`,
      ...units.map((unit) => join(machine.root, unit)),
    );
    expect([status, stderr]).toEqual([0, '']);
  });

  test.each(units.filter((unit) => unit.endsWith('.service')))('%s is as restricted as its work allows', (unit) => {
    const name = basename(unit).replace(/^smartpresence-|\.service$/g, '');
    const judged = run(
      'systemd-analyze',
      'security',
      '--offline=yes',
      `--threshold=${OPEN[name]}`,
      '--no-pager',
      join(machine.root, unit),
    );
    expect([judged.status, judged.stdout.slice(-200)]).toEqual([0, expect.any(String)]);
  });

  // Everything else is read-only to a unit with ProtectSystem=strict.
  test('the kiosk can write its data, requests to the updater and requests to the machine, and nothing else', () => {
    const text = machine.text('etc/systemd/system/smartpresence-kiosk.service');
    const owned = machine.text('etc/tmpfiles.d/smartpresence.conf').matchAll(/^d (\S+) +\d+ smartpresence /gm);
    expect(text).toMatch(/^ProtectSystem=strict$/m);
    expect(/^ReadWritePaths=(.*)$/m.exec(text)![1]!.split(' ').sort()).toEqual(
      [...owned].map(([, path]) => path).sort(),
    );
  });

  test('udev and the module loader accept their files', () => {
    expect(run('udevadm', 'verify', join(machine.root, 'etc/udev/rules.d/90-smartpresence.rules')).status).toBe(0);
    const modules = machine.text('etc/modprobe.d/smartpresence.conf');
    for (const name of ['usb_storage', 'uas', 'firewire_core'])
      expect(modules).toMatch(new RegExp(`^install ${name} /bin/false$`, 'm'));
    expect(modules).not.toMatch(/^(?!#|$|install \w+ \/bin\/false$)/m);
  });

  test.skipIf(run('which', 'shellcheck').status !== 0)('shellcheck finds nothing in the scripts', () => {
    const programs = [INSTALL, ...globSync('opt/smartpresence/*', { cwd: FILES }).map((file) => join(FILES, file))];
    expect(programs.length).toBe(5);
    const { stdout } = run('shellcheck', ...programs);
    expect(stdout).toBe('');
  });

  test('every file below build/kiosk/files is installed', () => {
    const listed = machine.text('etc/smartpresence/installed');
    for (const file of globSync('**/*', { cwd: FILES, withFileTypes: true }).filter((entry) => entry.isFile()))
      expect(listed).toContain(`${join(file.parentPath, file.name).slice(FILES.length)}\n`);
    expect(KIOSK).toMatch(/build\/kiosk$/);
  });
});

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { INSTALL, run } from './machine.ts';

/* A Debian machine of the test's own: made of Debian's packages, and started with its own systemd. */

const SUITE = 'trixie';
const BASE = [
  'systemd',
  'systemd-sysv',
  'udev',
  'dbus',
  'procps',
  'iproute2',
  'grim',
  'wtype',
  'libtss2-tcti-swtpm0t64',
  'cups-ipp-utils',
];

/** The packages that install.sh wants, less the fonts: they are large, and the kiosk's own page brings what it shows here. */
const wanted = (): string[] =>
  [...readFileSync(INSTALL, 'utf8').matchAll(/^(?:DEBIAN|PRINTING)="(.+)"$/gm)]
    .flatMap(([, names]) => names!.split(' '))
    .filter((name) => !name.startsWith('fonts-'));

/** Where this machine gets Debian's packages from: its own list, in either of apt's formats. */
function mirror(): string {
  for (const file of ['/etc/apt/sources.list', ...globSync('/etc/apt/sources.list.d/*').sort()])
    for (const line of existsSync(file) ? readFileSync(file, 'utf8').split(/\n\n|\n(?=deb)/) : []) {
      const suites = /^Suites: +(.+)$/m.exec(line)?.[1] ?? /^deb +(?:\[.*\] +)?\S+ +(\S+)/.exec(line)?.[1] ?? '';
      const from = (/^URIs: +(https?:\S+)/m.exec(line) ?? /^deb +(?:\[.*\] +)?(https?:\S+)/.exec(line))?.[1];
      if (from && suites.split(' ').includes(SUITE)) return from;
    }
  throw new Error(`no mirror of ${SUITE} in /etc/apt/sources.list or sources.list.d: a Debian can't be made here`);
}

/**
 * The root of a plain Debian, made once and kept (some minutes; some 900 MB for a kiosk).
 *
 * @param base packages that debootstrap gets beside Debian's smallest base, and `more` those that apt adds; a kiosk's by default
 * @throws when debootstrap can't make one here
 */
export function debianRoot(base: readonly string[] = BASE, more: readonly string[] = wanted()): string {
  const packages = [...new Set([...base, ...more])].sort();
  const name = createHash('sha256').update(`${SUITE} ${packages}`).digest('hex').slice(0, 12);
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'smartpresence-test');
  const root = join(cache, `${SUITE}-${name}`);
  if (existsSync(root)) return root;
  mkdirSync(cache, { recursive: true });
  const making = mkdtempSync(join(cache, 'making-'));
  const into = join(making, 'root');
  try {
    // debootstrap's own resolver is a simple one: it gets a base, and apt does the rest.
    const include = base.length > 0 ? [`--include=${base.join(',')}`] : [];
    must('debootstrap', '--variant=minbase', ...include, SUITE, into, mirror());
    const apt = (...args: string[]) =>
      must(
        'chroot',
        into,
        'env',
        'DEBIAN_FRONTEND=noninteractive',
        'apt-get',
        '-q',
        '-o',
        'Acquire::Check-Valid-Until=false',
        '-o',
        'Acquire::Check-Date=false',
        '-o',
        'Dpkg::Options::=--force-unsafe-io',
        ...args,
      );
    writeFileSync(join(into, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    apt('update');
    if (packages.length > 0) apt('install', '-y', '--no-install-recommends', ...packages);
    apt('clean');
    rmSync(join(into, 'usr/sbin/policy-rc.d'));
    renameSync(into, root);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return root;
}

function must(command: string, ...args: string[]): void {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${(stdout + stderr).slice(-1_000)}`);
}

/** A copy of it, to be changed. */
export function copyOfDebian(from = debianRoot()): { root: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'sp-debian-'));
  const root = join(folder, 'root');
  run('cp', '--archive', '--reflink=auto', from, root);
  return { root, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** What the kiosk's unit goes without in a container: a screen and a terminal. */
export const IN_A_CONTAINER = `[Unit]
ConditionPathExists=
[Service]
TTYPath=
StandardInput=null
TTYReset=no
TTYVHangup=no
TTYVTDisallocate=no
Environment=WLR_BACKENDS=headless WLR_RENDERER=pixman
`;

export interface Booted {
  /** Runs a program in the machine, as root. */
  do(...command: string[]): { code: number | null; out: string; raw: Buffer; err: string };
  /** The program's output; fails when it does. */
  say(...command: string[]): string;
  /** The beginning of a command that runs in the machine: in all of it, or with `--net` in its network alone. */
  enter(namespaces: '--all' | '--net'): readonly string[];
  /** Waits until the program succeeds there. */
  until(what: string, ms: number, ...command: string[]): Promise<void>;
  /**
   * Waits until all that starts with the machine has started or failed. A service that is restarted before that can hang:
   * in a container systemd is not notified when the last process of the interrupted start ends.
   */
  started(): Promise<void>;
  /** Gives the machine a block device of this one's, under a name of its own. */
  device(name: string, of: string): void;
  halt(): Promise<void>;
}

/** Connects two machines by a cable: the first is 10.20.0.1, the other 10.20.0.2. It disappears when either halts. */
export function connect(one: Booted, other: Booted): void {
  const network = (machine: Booted): string => machine.enter('--net')[2]!;
  const ends = ['type', 'veth', 'peer', 'name', 'cable', 'netns', network(other)];
  run('ip', 'link', 'add', 'cable', 'netns', network(one), ...ends);
  for (const [n, machine] of [one, other].entries()) {
    const ip = (...args: string[]): string =>
      run(machine.enter('--net')[0]!, ...machine.enter('--net').slice(1), 'ip', ...args);
    ip('address', 'add', `10.20.0.${n + 1}/24`, 'dev', 'cable');
    ip('link', 'set', 'cable', 'up');
  }
}

/** The environment of a login of root's: nothing of this machine's own. */
const LOGIN = { HOME: '/root', LC_ALL: 'C.UTF-8', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };

let machines = 0;

/** Starts the machine: systemd is its first process, and its network has nothing but a loopback. */
export async function boot(root: string): Promise<Booted> {
  const log = join(root, '../console.log');
  writeFileSync(log, '');
  const child = spawn(
    'sh',
    [
      '-c',
      'exec systemd-nspawn --register=no --keep-unit --quiet --private-network --machine="$3" --boot --directory="$1" >"$2" 2>&1 </dev/null',
      'sh',
      root,
      log,
      // Two of one name can't run at once, no matter who started them.
      `sp-${process.pid}-${++machines}`,
    ],
    { env: { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' }, stdio: 'ignore', detached: true },
  );
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const machine = (): string =>
    spawnSync('pgrep', ['--parent', String(child.pid)], { encoding: 'utf8' })
      .stdout.trim()
      .split('\n')[0]!;
  const booted: Booted = {
    enter: (namespaces) => ['nsenter', '--target', machine(), namespaces, '--'],
    do(...command) {
      const { status, stdout, stderr } = spawnSync('nsenter', [...booted.enter('--all').slice(1), ...command], {
        env: LOGIN,
        maxBuffer: 1 << 26,
      });
      return { code: status, out: String(stdout), raw: stdout, err: String(stderr) };
    },
    say(...command) {
      const { code, out, err } = booted.do(...command);
      if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${out}${err}`);
      return out;
    },
    async until(what, ms, ...command) {
      for (const since = performance.now(); performance.now() - since < ms; await sleep(500))
        if (booted.do(...command).code === 0) return;
        else if (child.exitCode !== null) break;
      throw new Error(`${what} did not come. Console: ${readFileSync(log, 'utf8').slice(-1_500)}`);
    },
    started: () =>
      booted.until(
        'the end of the start',
        300_000,
        'sh',
        '-c',
        'systemctl is-system-running | grep -Eq "running|degraded"',
      ),
    device(name, of) {
      const [major, minor] = run('stat', '--format=%Hr %Lr', of).trim().split(' ');
      // From outside: nothing in a container may make one.
      run('nsenter', '--target', machine(), '--mount', 'mknod', name, 'b', major!, minor!);
    },
    async halt() {
      // SIGTERM asks the machine's systemd for an orderly end.
      process.kill(child.pid!, 'SIGTERM');
      const kill = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), 30_000);
      await ended;
      clearTimeout(kill);
    },
  };
  try {
    await booted.until('the machine’s systemd', 600_000, 'systemctl', 'is-active', '--quiet', 'sysinit.target');
  } catch (cause) {
    if (child.exitCode === null) process.kill(-child.pid!, 'SIGKILL');
    throw cause;
  }
  return booted;
}

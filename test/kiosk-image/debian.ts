import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { INSTALL, run } from './machine.ts';

/* A Debian machine for tests, built from Debian's packages and booted with its own systemd. */

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

/** The packages that install.sh needs except the fonts, which are large. The kiosk's page includes those it shows here. */
const wanted = (): string[] =>
  [...readFileSync(INSTALL, 'utf8').matchAll(/^(?:DEBIAN|PRINTING)="(.+)"$/gm)]
    .flatMap(([, names]) => names!.split(' '))
    .filter((name) => !name.startsWith('fonts-'));

/** Returns the mirror of this machine's own apt sources, in either of apt's formats. */
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
 * Returns the root of a plain Debian, created once and cached (takes some minutes; some 900 MB for a kiosk).
 *
 * @param base packages that debootstrap installs in addition to Debian's smallest base; a kiosk's by default
 * @param more packages that apt adds; a kiosk's by default
 * @throws when debootstrap can't create one here
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
    // debootstrap's own resolver is simple: it installs a base, and apt does the rest.
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

/** Copies a root so that it can be changed. */
export function copyOfDebian(from = debianRoot()): { root: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'sp-debian-'));
  const root = join(folder, 'root');
  run('cp', '--archive', '--reflink=auto', from, root);
  return { root, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Unit override that removes what a container lacks: a screen and a terminal. */
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
  /** Runs a program and returns its output. @throws when the program fails */
  say(...command: string[]): string;
  /** The start of a command that runs in the machine: in all its namespaces, or with `--net` only in its network. */
  enter(namespaces: '--all' | '--net'): readonly string[];
  /** Waits until the program succeeds in the machine. */
  until(what: string, ms: number, ...command: string[]): Promise<void>;
  /**
   * Waits until everything that starts at boot has started or failed. A service that is restarted before that can hang: in a
   * container systemd is not notified when the last process of the interrupted start ends.
   */
  started(): Promise<void>;
  /** Makes a block device of this machine available in the machine under the given name. */
  device(name: string, of: string): void;
  halt(): Promise<void>;
}

/** Connects two machines by a cable: the first is 10.20.0.1, the other 10.20.0.2. The cable disappears when either halts. */
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

/** The environment of a root login, without anything from this machine. */
const LOGIN = { HOME: '/root', LC_ALL: 'C.UTF-8', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };

let machines = 0;

/** Boots the machine: systemd is its first process, and its network has only a loopback. */
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
      // Two machines of the same name can't run at once, even if started by different processes.
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
      // Made from outside, since a container may not create device nodes.
      run('nsenter', '--target', machine(), '--mount', 'mknod', name, 'b', major!, minor!);
    },
    async halt() {
      // On SIGTERM the machine's systemd shuts down in order.
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

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { copyOfDebian, debianRoot } from '../kiosk-image/debian.ts';

/** A root file system without anything from the sources. Commands run in it as on a machine of its own. */
export interface Place {
  readonly root: string;
  /** Runs a program as root and returns its standard output. Throws if it fails. */
  say(...command: string[]): string;
  do(command: readonly string[], options?: RunOptions): { code: number | null; out: string; err: string };
  /** Starts a program that keeps running. Its process ends together with everything it has started. */
  start(command: readonly string[], options?: RunOptions): ChildProcess;
  /** Copies a file of this machine into it. */
  put(file: string, to: string): void;
  remove(): void;
}

export interface RunOptions {
  /** User, by name or number, that runs the program; root by default. */
  readonly as?: string;
  /** The whole environment except PATH. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** PATH of a root login on Debian. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Makes Debian's smallest base with debootstrap, for this test only. */
export function emptyDebian(): Place {
  const { root, remove } = copyOfDebian(debianRoot([], []));
  return placeAt(root, remove);
}

/**
 * A root to run programs in, with their own mount and process namespace. They can reach nothing of this machine by a path except
 * a few devices.
 */
export function placeAt(root: string, remove: () => void = () => undefined): Place {
  const inside = (command: readonly string[], { as }: RunOptions): string[] => [
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--',
    'sh',
    '-c',
    // debootstrap's root includes /dev; that of a container's root is empty.
    `mount --make-rprivate / && mount -t proc proc "$0/proc" && mount -t tmpfs -o mode=755 dev "$0/dev" &&
     for one in null zero full random urandom tty; do : >"$0/dev/$one" && mount --bind "/dev/$one" "$0/dev/$one" || exit 1; done &&
     ln -s /proc/self/fd "$0/dev/fd" && mkdir -m 1777 "$0/dev/shm" &&
     exec chroot ${as ? `--userspec="${as}:${as}" ` : ''}"$0" "$@"`,
    root,
    ...command,
  ];
  const environment = ({ env = {} }: RunOptions) => ({ PATH, LC_ALL: 'C.UTF-8', ...env });
  const place: Place = {
    root,
    do(command, options = {}) {
      const { status, stdout, stderr } = spawnSync('unshare', inside(command, options), {
        env: environment(options),
        input: options.input ?? '',
        encoding: 'utf8',
        maxBuffer: 1 << 28,
      });
      return { code: status, out: stdout, err: stderr };
    },
    say(...command) {
      const { code, out, err } = place.do(command);
      if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${out}${err}`);
      return out;
    },
    start: (command, options = {}) =>
      spawn('unshare', inside(command, options), { env: environment(options), stdio: ['ignore', 'pipe', 'pipe'] }),
    put(file, to) {
      mkdirSync(dirname(join(root, to)), { recursive: true });
      cpSync(file, join(root, to));
    },
    remove,
  };
  return place;
}

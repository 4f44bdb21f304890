import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { copyOfDebian, debianRoot } from '../kiosk-image/debian.ts';

/** A root file system that nothing of the sources is in: commands run in it as they would on a machine of its own. */
export interface Place {
  readonly root: string;
  /** Runs a program, as root; fails when it does. @returns its standard output */
  say(...command: string[]): string;
  do(command: readonly string[], options?: RunOptions): { code: number | null; out: string; err: string };
  /** Starts a program that goes on. Its process ends with everything that it has started. */
  start(command: readonly string[], options?: RunOptions): ChildProcess;
  /** Copies a file of this machine there. */
  put(file: string, to: string): void;
  remove(): void;
}

export interface RunOptions {
  /** User, by name or number, that the program runs as; root without it. */
  readonly as?: string;
  /** The whole environment but for PATH. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** What a login of root has on Debian. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Debian's smallest base, as debootstrap makes it, for this test alone. */
export function emptyDebian(): Place {
  const { root, remove } = copyOfDebian(debianRoot([], []));
  return placeAt(root, remove);
}

/**
 * A root to run programs in, in a mount and process namespace of their own: nothing of this machine is reachable by a path but
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
    // /dev comes with the root, as debootstrap made it; a container's root has an empty one.
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

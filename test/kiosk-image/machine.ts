import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

// The machine's own programs, not those that npm puts first: an npm package also has a program named `nft`.
process.env.PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** The folder of files that turn a Debian machine into a kiosk. */
export const KIOSK = resolve(import.meta.dirname, '../../build/kiosk');
export const FILES = join(KIOSK, 'files');
export const INSTALL = join(KIOSK, 'install.sh');

/** The root of a machine, as far as the installer uses it. */
export interface Machine {
  readonly root: string;
  install(...options: string[]): { code: number | null; said: string };
  text(path: string): string;
  /** Everything below, by path: mode, owner, and content or target. */
  state(): Record<string, string>;
  remove(): void;
}

export function bareMachine(): Machine {
  const root = mkdtempSync(join(tmpdir(), 'sp-machine-'));
  const put = (path: string, text: string): void => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  put('etc/os-release', 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\n');
  put('etc/passwd', 'root:x:0:0:root:/root:/bin/bash\n');
  put('etc/group', 'root:x:0:\nvideo:x:44:\naudio:x:29:\nrender:x:105:\ndialout:x:20:\n');
  put('etc/shadow', 'root:*:20000:0:99999:7:::\n');
  put('etc/fstab', 'UUID=1 / ext4 errors=remount-ro 0 1\nUUID=2 none swap sw 0 0\n');
  mkdirSync(join(root, 'etc/systemd/system'), { recursive: true });
  return {
    root,
    install(...options) {
      const run = spawnSync(INSTALL, ['--root', root, '--no-packages', ...options], { encoding: 'utf8' });
      return { code: run.status, said: run.stdout + run.stderr };
    },
    text: (path) => readFileSync(join(root, path), 'utf8'),
    state() {
      const found: Record<string, string> = {};
      for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        const { mode, uid, gid } = lstatSync(path);
        const what = entry.isSymbolicLink()
          ? readlinkSync(path)
          : entry.isFile()
            ? createHash('sha256').update(readFileSync(path)).digest('hex')
            : 'folder';
        found[path.slice(root.length)] = `${(mode & 0o7777).toString(8)} ${uid}:${gid} ${what}`;
      }
      return found;
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Returns why machines can't be made here, or null. @throws instead, where TESTS_MUST_RUN is set (`npm run test:artefacts`) */
export function cantRun(...programs: string[]): string | null {
  const missing = programs.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0);
  const why =
    process.getuid?.() !== 0
      ? 'only root can install, mount and filter'
      : missing.length > 0
        ? `${missing.join(', ')} missing`
        : null;
  if (why !== null && process.env.TESTS_MUST_RUN) throw new Error(`machines can’t be made here: ${why}`);
  return why === null ? null : `SKIPPED: the kiosk’s image: ${why}`;
}

export const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

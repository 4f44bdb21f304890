import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A small separate disk (tmpfs). A plain folder if this user can't mount one; then no disk can be filled. */
export interface Disk {
  readonly path: string;
  readonly fillable: boolean;
  /** Writes until the disk is full. */
  fill(): void;
  free(): void;
  remove(): void;
}

export function makeDisk(path: string, megabytes: number): Disk {
  mkdirSync(path, { recursive: true });
  const root = process.getuid?.() === 0;
  const mounted =
    root && spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', path]).status === 0;
  const filler = join(path, 'filler');
  return {
    path,
    fillable: mounted,
    fill() {
      for (let size = 8 * 1024 * 1024; size >= 4096; size = Math.floor(size / 2)) {
        for (;;) {
          try {
            writeFileSync(filler, Buffer.alloc(size, 1), { flag: 'a' });
          } catch {
            break;
          }
        }
      }
      if (statfsSync(path).bavail > 0) throw new Error(`${path} could not be filled`);
    },
    free: () => rmSync(filler, { force: true }),
    remove() {
      if (mounted) spawnSync('umount', ['-l', path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Copies a folder with owners, modes and times, which PostgreSQL requires. @throws Error with the output of `cp` */
export function copyFolder(from: string, to: string): void {
  const { status, stderr } = spawnSync('cp', ['-a', '-T', from, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cp ${from} ${to}: ${stderr}`);
}

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { ROOT } from '../../build/package/files.ts';
import type { Place } from './place.ts';

/** Fails where anything of the source tree can be reached from inside, or has been by a process that runs there. */
export function expectNoSources(place: Place, pid: number): void {
  // By its path, also through a link or a mount.
  expect(place.do(['test', '-e', ROOT]).code).toBe(1);
  const mounts = place.say('cut', '-d', ' ', '-f', '2', '/proc/mounts').trim().split('\n');
  expect(mounts.filter((path) => !/^\/(proc|dev(\/\w+)?)?$/.test(path))).toEqual([]);
  // By content: no module of ours as it is written, no tests, no other copy of the packages or of Node.
  const find = (...args: string[]): string[] =>
    place
      .say('find', '/', '-xdev', ...args)
      .trim()
      .split('\n')
      .filter(Boolean);
  expect(find('-path', '*smartpresence*', '-name', '*.ts', '-not', '-path', '*/node_modules/*')).toEqual([]);
  // The archive may lie there unpacked, as it was given.
  const given = ['-not', '-path', '/root/smartpresence-server-*'];
  expect(find('-name', 'node_modules', '-not', '-path', '/opt/smartpresence/*', ...given)).toEqual([]);
  expect(find('-type', 'f', '-name', 'node', '-not', '-path', '/opt/smartpresence/*/bin/node', ...given)).toEqual([]);
  expect(find('-path', '/opt/smartpresence/*/app/test')).toEqual([]);
  // What the server has open or mapped is in its own root.
  const used = [
    ...readdirSync(`/proc/${pid}/fd`).map((fd) => link(`/proc/${pid}/fd/${fd}`)),
    ...readFileSync(`/proc/${pid}/maps`, 'utf8').match(/(?<= )\/.*$/gm)!,
    readlinkSync(`/proc/${pid}/cwd`),
    readlinkSync(`/proc/${pid}/exe`),
  ].filter((path) => path.startsWith('/') && !/^\/(dev|proc|memfd:)/.test(path));
  expect(used.length).toBeGreaterThan(10);
  expect(readlinkSync(`/proc/${pid}/root`)).toBe(place.root);
  const seen = (path: string): string => (path.startsWith(`${place.root}/`) ? path : join(place.root, path));
  expect(used.filter((path) => seen(path).startsWith(`${ROOT}/`))).toEqual([]);
}

/** Where a descriptor leads; it may be closed meanwhile. */
function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

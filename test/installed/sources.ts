import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { ROOT } from '../../build/package/files.ts';
import type { Booted } from '../kiosk-image/debian.ts';
import { run } from '../kiosk-image/machine.ts';
import type { Place } from './place.ts';

/** Throws if anything in the source tree is reachable from inside, or in use by a process that runs there. */
export function expectNoSources(place: Place, pid: number): void {
  const mounts = place.say('cut', '-d', ' ', '-f', '2', '/proc/mounts').trim().split('\n');
  expect(mounts.filter((path) => !/^\/(proc|dev(\/\w+)?)?$/.test(path))).toEqual([]);
  expectNoneInside(place, '/opt/smartpresence/*', 'bin/node');
  // Files that the server has open or mapped are in its own root.
  const used = [...usedBy(pid), readlinkSync(`/proc/${pid}/cwd`)];
  expect(used.length).toBeGreaterThan(10);
  expect(readlinkSync(`/proc/${pid}/root`)).toBe(place.root);
  const seen = (path: string): string => (path.startsWith(`${place.root}/`) ? path : join(place.root, path));
  expect(used.filter((path) => seen(path).startsWith(`${ROOT}/`))).toEqual([]);
}

/**
 * The same for a booted machine.
 * @param builds where the installed builds are, as a pattern of find(1)
 * @param node the path of Node.js in each build
 */
export function expectNoSourcesOn(machine: Booted, root: string, builds: string, node: string): void {
  const place = { do: (command: readonly string[]) => machine.do(...command), say: machine.say };
  // Nothing of this machine's disk is mounted except the root itself and what systemd-nspawn gives every machine.
  const mounts = machine.say('cat', '/proc/self/mountinfo').trim().split('\n');
  const [own] = mounts.map((line) => line.split(' ')).filter(([, , , , at]) => at === '/');
  const others = mounts
    .map((line) => line.split(' '))
    .filter(([, , device, from, at]) => device === own![2] && !from!.startsWith(own![3]!) && !at!.startsWith(NSPAWN));
  expect(others).toEqual([]);
  expectNoneInside(place, builds, node);
  const pids = run('pgrep', '--ns', machine.enter('--all')[2]!, '--nslist', 'pid', '--full', node).trim().split('\n');
  const used = pids.flatMap((pid) => usedBy(Number(pid)));
  expect(used.length).toBeGreaterThan(10);
  const inside = (path: string): boolean => /^\/(run|tmp)\/| \(deleted\)$/.test(path) || existsSync(join(root, path));
  expect(used.filter((path) => path.startsWith(`${ROOT}/`) || !inside(path))).toEqual([]);
}

const NSPAWN = '/run/host/';

/** Searches the machine's disk by file names. The caller checks what is mounted. */
function expectNoneInside(place: Pick<Place, 'say' | 'do'>, builds: string, node: string): void {
  expect(place.do(['test', '-e', ROOT]).code).toBe(1);
  // No source module of ours, no tests, no other copy of the packages or of Node.
  const find = (...args: string[]): string[] =>
    place
      .say('find', '/', '-xdev', ...args)
      .trim()
      .split('\n')
      .filter(Boolean);
  expect(find('-path', '*smartpresence*', '-name', '*.ts', '-not', '-path', '*/node_modules/*')).toEqual([]);
  // The archive may be unpacked there, as delivered.
  const given = ['-not', '-path', '/root/smartpresence-server-*'];
  expect(find('-name', 'node_modules', '-not', '-path', builds, ...given)).toEqual([]);
  expect(find('-type', 'f', '-name', 'node', '-not', '-path', `${builds}/${node}`, ...given)).toEqual([]);
  expect(find('-path', `${builds}/app/test`, '-o', '-path', `${builds}/test`)).toEqual([]);
}

/** The files that a process has open or mapped, and its program. */
function usedBy(pid: number): string[] {
  return [
    ...readdirSync(`/proc/${pid}/fd`).map((fd) => link(`/proc/${pid}/fd/${fd}`)),
    ...(readFileSync(`/proc/${pid}/maps`, 'utf8').match(/(?<= )\/.*$/gm) ?? []),
    readlinkSync(`/proc/${pid}/exe`),
  ].filter((path) => path.startsWith('/') && !/^\/(dev|proc|sys|memfd:)/.test(path));
}

/** Target of a descriptor, which may be closed meanwhile. */
function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

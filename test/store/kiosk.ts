import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type OpenKeysOptions, openKeys } from '../../electron/core/keys/index.ts';
import { openStore, type StoreOptions } from '../../electron/core/store/index.ts';
import type { Checkin, NewCheckin, Store } from '../../electron/core/store/interface.ts';
import type { SqlStore } from '../../electron/core/store/store.ts';
import { Problem } from '../../sync/errors/problem.ts';
import { aCheckin } from './samples.ts';

/** In memory where there is such a folder: a kill is not a power cut, and the disk is the slowest part of these tests. */
const PARENT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A folder for one test; gone when the test is. */
export function newFolder(parent = PARENT): string {
  const folder = mkdtempSync(join(parent, 'sp-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Opens (or makes) the store of a folder; closed when the test ends. */
export async function openKiosk(
  home: string,
  keys: Partial<OpenKeysOptions> = {},
  options: Partial<StoreOptions> = {},
): Promise<SqlStore> {
  const opened = await openKeys({ home, deviceSecret: null, allowSecretFile: true, ...keys });
  const store = await openStore({ home, keys: opened, ...options });
  onTestFinished(() => store.close());
  return store;
}

export async function someCheckins(
  store: Store,
  person: string,
  count: number,
  change: Partial<NewCheckin> = {},
): Promise<Checkin[]> {
  const made: Checkin[] = [];
  for (let i = 0; i < count; i++) made.push(await store.checkins.record(aCheckin(person, change)));
  return made;
}

export const aPhoto = (bytes = 4000): Uint8Array => randomBytes(bytes);

/** The code of the Problem that `work` ends with; fails the test when it ends well. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
  throw new Error('it should have been refused');
}

/** Every file of a folder with size, time of change and hash: equal before and after means untouched. */
export function snapshot(folder: string): Record<string, string> {
  const out: Record<string, string> = {};
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    const file = join(folder, name);
    const stat = statSync(file, { bigint: true });
    if (stat.isFile())
      out[name] = `${stat.size} ${stat.mtimeNs} ${createHash('sha256').update(readFileSync(file)).digest('hex')}`;
  }
  return out;
}

/** A clock that tests hold. */
export function heldClock(start: number) {
  const clock = {
    time: start,
    mono: 1_000_000,
    trustedOffset: 0,
    bootId: 'boot-1',
    now: () => clock.time,
    monotonic: () => clock.mono,
    offset: () => clock.trustedOffset,
    /** Time passes. */
    pass(ms: number) {
      clock.time += ms;
      clock.mono += ms;
    },
  };
  return clock;
}

export { aCheckin, aPending, aPerson, embedding, MODEL } from './samples.ts';

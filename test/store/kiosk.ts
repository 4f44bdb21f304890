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

/** In memory if there is such a folder: a kill is not a power cut, and the disk is the slowest part of these tests. */
const PARENT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Makes a folder for one test, which is deleted with the test. */
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

/** Returns the code of the Problem with which `work` fails. Fails the test if it succeeds. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
  throw new Error('it should have been refused');
}

/** Every file of a folder with size, modification time and hash. Equal snapshots mean that nothing was touched. */
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

/** A clock that tests control. */
export function heldClock(start: number) {
  const clock = {
    time: start,
    mono: 1_000_000,
    trustedOffset: 0,
    bootId: 'boot-1',
    now: () => clock.time,
    monotonic: () => clock.mono,
    offset: () => clock.trustedOffset,
    /** Advances the clock. */
    pass(ms: number) {
      clock.time += ms;
      clock.mono += ms;
    },
  };
  return clock;
}

export { aCheckin, aPending, aPerson, embedding, MODEL } from './samples.ts';

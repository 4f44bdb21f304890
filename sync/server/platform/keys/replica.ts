import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Db } from '../database/schema.ts';
import type { Keys } from './envelope.ts';
import { type AboutReplica, beat, lastBeat, settleKeys } from './versions.ts';

/** How often a process reports that it is alive and what it writes, ms. Much shorter than REPLICA_LIVES_S. */
const BEAT_MS = 5000;

/**
 * Reports this process to the others and to key rotations, and keeps its own key version up to date.
 *
 * @returns a function that stops it
 */
export async function keepBeating(db: Db, keys: Keys, log: Logger, about?: AboutReplica): Promise<() => Promise<void>> {
  const id = randomUUID();
  let failed = false;
  let running: Promise<void> | null = null;
  const once = async () => {
    await settleKeys(db, keys);
    await beat(db, keys, id, about);
  };
  await once();
  const tick = async () => {
    try {
      await once();
      failed = false;
    } catch (err) {
      // Reported once, not every five seconds.
      if (!failed) log.warn({ code: 'keys-not-settled', err }, 'the version of the keys could not be read');
      failed = true;
    }
    running = null;
  };
  const ticker = setInterval(() => {
    // One at a time, so that a slow database isn't flooded.
    running ??= tick();
  }, BEAT_MS).unref();
  return async () => {
    clearInterval(ticker);
    await running;
    await lastBeat(db, id).catch(() => undefined);
  };
}

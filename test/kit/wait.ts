import { setTimeout as sleep } from 'node:timers/promises';

/** For functions that take an AbortSignal, where nothing is to be aborted. */
export const never = new AbortController().signal;

/**
 * Waits for a condition to become true.
 * @param what the condition, for the error message
 * @throws Error if it takes longer than `ms`. The limit is generous, since a busy machine must not fail a test
 */
export async function until(what: string, done: () => boolean | Promise<boolean>, ms = 90_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await done())) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(20);
  }
}

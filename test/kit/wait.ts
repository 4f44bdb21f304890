import { setTimeout as sleep } from 'node:timers/promises';

/** For what takes an AbortSignal and is not to be aborted. */
export const never = new AbortController().signal;

/**
 * Waits for something to become true.
 *
 * @param what in words, for the error
 * @throws Error when it takes longer than `ms`, which is long: a busy machine must not decide a test
 */
export async function until(what: string, done: () => boolean | Promise<boolean>, ms = 90_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await done())) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(20);
  }
}

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Problem } from '../../../sync/errors/problem.ts';
import { createMirror } from './mirror.ts';

const PICTURE = { picture: Uint8Array.of(1, 2, 3) };
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched({ allowed = true } = {}) {
  const sent: string[] = [];
  const shown: boolean[] = [];
  const policy = { allowed };
  let answer: (() => Promise<void>) | null = null;
  const mirror = createMirror({
    async send(command) {
      sent.push(command);
      await answer?.();
    },
    allowed: () => policy.allowed,
    changed: () => void shown.push(mirror.watched()),
    log: () => undefined,
  });
  return {
    mirror,
    sent,
    shown,
    policy,
    send: () => mirror.methods.screenPicture(PICTURE),
    answers: (how: typeof answer) => {
      answer = how;
    },
  };
}
const refusing = (code: string) => () => Promise.reject(new Problem('server-silent').withCode(code));

test('a site that does not allow it sends no picture, even if it changes its mind meanwhile', async () => {
  const never = watched({ allowed: false });
  expect(never.mirror.begin('one')).toBe(false);
  await never.send();
  const { mirror, policy, send, sent, shown } = watched();
  expect(mirror.begin('one')).toBe(true);
  await send();
  policy.allowed = false;
  await send();
  expect([never.sent, never.shown]).toEqual([[], []]);
  expect([sent, shown]).toEqual([['one'], [true, false]]);
});

test('it ends when the server says so, and after half a minute of silence', async () => {
  const { mirror, send, shown, answers } = watched();
  mirror.begin('one');
  answers(refusing('server-silent'));
  await send();
  await vi.advanceTimersByTimeAsync(29_000);
  expect(mirror.watched()).toBe(true);
  answers(null);
  await send();
  await vi.advanceTimersByTimeAsync(29_000);
  expect(mirror.watched()).toBe(true);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(mirror.watched()).toBe(false);
  mirror.begin('two');
  answers(refusing('command-unknown'));
  await send();
  expect(shown).toEqual([true, false, true, false]);
});

test('a later request takes the watch over: the end of the previous one does not end it', async () => {
  const { mirror, send, answers } = watched();
  mirror.begin('one');
  const { promise, reject } = Promise.withResolvers<void>();
  answers(() => promise);
  const sending = send();
  mirror.begin('two');
  reject(new Problem('server-silent').withCode('command-unknown'));
  await sending;
  expect(mirror.watched()).toBe(true);
});

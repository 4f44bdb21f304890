import { expect, test } from 'vitest';
import { type ErrorCode, Problem } from '../../../sync/errors/problem.ts';
import { createFailures } from './failures.ts';
import type { Asked } from './records.ts';

const asked: Asked = {
  action: 'install',
  version: '0.3.0',
  rollout: '33333333-3333-4333-8333-333333333333',
  retry: 0,
};

function rig(random = 0.5) {
  const settings = new Map<string, string>();
  const notified: unknown[] = [];
  let now = 0;
  const failures = createFailures({
    store: {
      settings: { get: (key) => settings.get(key) ?? null },
      events: {
        reportIfSpace(_code, detail, more = {}) {
          notified.push(detail.reason);
          for (const [key, value] of Object.entries(more)) settings.set(key, value);
          return true;
        },
      },
    },
    running: '0.2.0',
    monotonic: () => now,
    random: () => random,
    log: () => undefined,
  });
  const refuse = (code: ErrorCode) =>
    failures.refuse(asked, Problem.from({ code, message: 'so', nextStep: 'Do.' }), true);
  return { failures, notified, refuse, at: (seconds: number) => (now = seconds * 1000) };
}

test('a busy server is asked again within a minute, nothing is reported, and later failures are not delayed by it', () => {
  const { failures, notified, refuse, at } = rig();
  for (let times = 0, now = 0; times < 20; times++, now += 45) {
    at(now);
    refuse('update-busy');
    expect(failures.problem?.code).toBe('update-busy');
    at(now + 14);
    expect(failures.waits(asked)).toBe(true);
    at(now + 45);
    expect(failures.waits(asked)).toBe(false);
  }
  expect(notified).toEqual([]);
  // The first real failure counts as the first, and is retried after five minutes.
  at(1000);
  refuse('update-unreachable');
  at(1299);
  expect(failures.waits(asked)).toBe(true);
  at(1301);
  expect(failures.waits(asked)).toBe(false);
  expect(notified).toEqual(['update-unreachable']);
});

test('kiosks that asked at the same time do not ask again at the same time', () => {
  const waits = (random: number, seconds: number): boolean => {
    const { failures, refuse, at } = rig(random);
    refuse('update-busy');
    at(seconds);
    return failures.waits(asked);
  };
  expect([waits(0, 16), waits(0.999, 16), waits(0.999, 44), waits(0.999, 46)]).toEqual([false, true, true, false]);
});

test('a reason is reported once, and a final one ends the retries', () => {
  const { failures, notified, refuse, at } = rig();
  refuse('update-unreachable');
  refuse('update-unreachable');
  refuse('update-cannot-roll-back');
  expect(notified).toEqual(['update-unreachable', 'update-cannot-roll-back']);
  at(1e9);
  expect(failures.waits(asked)).toBe(true);
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ErrorLog } from './error-log.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function logged() {
  const lines: { code: string; device?: string; count?: number }[] = [];
  const log = new ErrorLog({ warn: (fields: object) => void lines.push(fields as never) } as never);
  return { lines, log };
}

test('the first rejection per code and device is logged at once, later ones as one line per minute', () => {
  const { lines, log } = logged();
  for (let i = 0; i < 500; i++) log.note({ code: 'bad-signature', device: 'a' }, 'no');
  log.note({ code: 'bad-signature', device: 'b' }, 'no');
  log.note({ code: 'device-revoked', device: 'a' }, 'no');
  expect(lines).toEqual([
    { code: 'bad-signature', device: 'a' },
    { code: 'bad-signature', device: 'b' },
    { code: 'device-revoked', device: 'a' },
  ]);
  vi.advanceTimersByTime(60_000);
  expect(lines.slice(3)).toEqual([{ code: 'bad-signature', device: 'a', count: 499 }]);
  log.note({ code: 'bad-signature', device: 'a' }, 'no');
  vi.advanceTimersByTime(60_000);
  expect(lines.slice(4)).toEqual([{ code: 'bad-signature', device: 'a', count: 1 }]);
  // After a quiet minute it starts over.
  vi.advanceTimersByTime(60_000);
  log.note({ code: 'bad-signature', device: 'a' }, 'no');
  expect(lines.slice(5)).toEqual([{ code: 'bad-signature', device: 'a' }]);
});

test('with too many devices only codes are counted, and counts are logged at the end', () => {
  const { lines, log } = logged();
  for (let i = 0; i < 5000; i++) log.note({ code: 'unknown-device', device: `d${i}` }, 'no');
  expect(lines).toHaveLength(1001);
  log.close();
  expect(lines.at(-1)).toEqual({ code: 'unknown-device', count: 3999 });
  expect(vi.getTimerCount()).toBe(0);
});

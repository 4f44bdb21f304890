import { describe, expect, test } from 'vitest';
import { ALLOWANCES, LONGEST_MEMORY_MS, networkOf, pauseMs } from './throttle.ts';

describe('backoff', () => {
  test.each(Object.entries(ALLOWANCES))('%s: free at first, then doubling up to the longest pause', (_, allowance) => {
    const { free, firstPauseMs, longestPauseMs } = allowance;
    expect(pauseMs(allowance, free - 1)).toBe(0);
    expect(pauseMs(allowance, free)).toBe(firstPauseMs);
    expect(pauseMs(allowance, free + 1)).toBe(Math.min(longestPauseMs, firstPauseMs * 2));
    expect(pauseMs(allowance, 1_000_000)).toBe(longestPauseMs);
  });

  test.each(Object.entries(ALLOWANCES))('%s: forgotten after a day, so its row may be deleted', (_, allowance) => {
    const { free, longestPauseMs, forgetMs } = allowance;
    // No more attempts than this can be charged: before each further one there is a pause in which at least one is forgotten.
    const most = free + Math.ceil(Math.log2(longestPauseMs / allowance.firstPauseMs)) + 1;
    expect(longestPauseMs).toBeGreaterThanOrEqual(forgetMs);
    expect(most * forgetMs).toBeLessThan(LONGEST_MEMORY_MS);
  });
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('%s is counted as %s', (ip, network) => {
  expect(networkOf(ip)).toBe(network);
});

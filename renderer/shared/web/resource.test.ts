import { h, render } from 'preact';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { listSites } from '../../../sync/protocol/api/sites.ts';
import { type ReadBy, useAll, useResource, useWrite } from './resource.tsx';

const said = vi.hoisted((): string[] => []);
vi.mock('./toast.tsx', () => ({ toast: (say: () => string) => said.push(say()) }));

const EVERY_MS = 5000;

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Runs a hook in a component that renders nothing. `now` is its current value. */
function inPage<T>(hook: () => T): { readonly now: T } {
  const page: { now: T } = { now: undefined as T };
  const Probe = () => {
    page.now = hook();
    return null;
  };
  render(h(Probe, null), { nodeType: 1, childNodes: [], firstChild: null } as never);
  return page;
}

/** Reads that take this long, with counts of those started, and of those that ended after being aborted. */
function slow(takesMs: number) {
  const count = { begun: 0, broken: 0 };
  const read = ({ signal }: ReadBy) => {
    count.begun += 1;
    const value = count.begun;
    const { promise, resolve } = Promise.withResolvers<{ ok: true; value: number }>();
    setTimeout(() => {
      if (!signal.aborted) resolve({ ok: true, value });
      else count.broken += 1;
    }, takesMs);
    return promise;
  };
  return { count, read };
}

test('a read that takes longer than the polling interval is still shown, and repeated', async () => {
  const { count, read } = slow(2 * EVERY_MS);
  const page = inPage(() => useResource('slow', read, EVERY_MS));
  await vi.advanceTimersByTimeAsync(2 * EVERY_MS + 500);
  expect(page.now.value).toBe(1);
  await vi.advanceTimersByTimeAsync(2 * EVERY_MS + 500);
  expect(page.now.value).toBe(2);
  expect(count.broken).toBe(0);
});

test('a read that never ends is abandoned and repeated', async () => {
  const { count, read } = slow(24 * 3_600_000);
  inPage(() => useResource('never', read, EVERY_MS));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(count.begun).toBe(2);
});

test('a read is repeated after the interval, even if a write has replaced its answer', async () => {
  const { count, read } = slow(100);
  const page = inPage(() => useResource('quick', read, EVERY_MS));
  await vi.advanceTimersByTimeAsync(1000);
  page.now.replace(99);
  await vi.advanceTimersByTimeAsync(1000);
  expect(page.now.value).toBe(99);
  await vi.advanceTimersByTimeAsync(EVERY_MS);
  expect([page.now.value, count.begun]).toEqual([2, 2]);
});

test('a list of several pages is polled less often, in proportion to its pages', async () => {
  const asked: number[] = [];
  vi.stubGlobal('location', { href: 'https://server/' });
  vi.stubGlobal('fetch', async (url: string) => {
    const page = Number(new URL(url, 'https://server/').searchParams.get('cursor') ?? 1);
    asked.push(page);
    const site = (id: number) => ({ id });
    const items = Array.from({ length: 200 }, (_, i) => site(i));
    return Response.json({ items, next: page < 3 ? String(page + 1) : null });
  });
  const anything = { ...listSites, answer: { safeParse: (data: unknown) => ({ success: true, data }) } };
  inPage(() => useAll(anything as never, {}, EVERY_MS));
  await vi.advanceTimersByTimeAsync(EVERY_MS * 2);
  expect(asked).toEqual([1, 2, 3]);
  await vi.advanceTimersByTimeAsync(EVERY_MS * 1.5);
  expect(asked).toEqual([1, 2, 3, 1, 2, 3]);
});

test('the toast of an action in a list names its row', async () => {
  const page = inPage(useWrite);
  const write = async () => ({ ok: true as const, value: 2 });
  await page.now.run(write, { say: (count) => `${count} removed.`, of: 'ada@example.org' });
  await page.now.run(write, { say: () => 'Saved.' });
  expect(said).toEqual(['\u2068ada@example.org\u2069: 2 removed.', 'Saved.']);
});

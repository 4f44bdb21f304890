import { afterEach, expect, test, vi } from 'vitest';
import { away, sessionHooks } from './api.ts';
import { confirm } from './confirm.tsx';
import { createSession } from './session.ts';

const page = () => createSession({ usedMs: 60_000, placeOf: () => ({ kind: 'in' }) as const });
const at = (minutes: number) => new Date(Date.UTC(2026, 2, 2, 8, minutes)).toISOString();
const state = { role: 'staff', stage: 'full', account: null, person: null, email: null } as const;

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('an unused session ends when the server says so, even if this machine’s clock is wrong', () => {
  vi.useFakeTimers({ now: Date.UTC(2031, 0, 1) });
  const session = page();
  session.admitted({ ...state, idleEndsAt: at(7), expiresAt: at(59), serverTime: at(0) });
  expect(session.idleEndsAt.value - Date.now()).toBe(7 * 60_000);
  vi.setSystemTime(Date.now() + 5 * 60_000);
  sessionHooks.used();
  expect(session.idleEndsAt.value - Date.now()).toBe(7 * 60_000);
});

test('signing out succeeds whatever else is refused meanwhile, and the next user begins at the start page', async () => {
  const session = page();
  session.admitted({ ...state, idleEndsAt: at(30), expiresAt: at(59), serverTime: at(0) });
  const place = { hash: '#/people/1' };
  vi.stubGlobal('location', place);
  vi.stubGlobal('fetch', async () => {
    sessionHooks.ended();
    return new Response(null, { status: 204 });
  });
  const seen: unknown[] = [];
  session.stage.subscribe((stage) => seen.push(stage));
  await session.signOut();
  expect(seen.slice(1)).toEqual([{ kind: 'out', why: 'left', error: null }]);
  expect(place.hash).toBe('');
});

test.each([429, 502, 503])(
  'a link that was not used up, since the server answered %i, can be tried again',
  async (status) => {
    const session = page();
    const entry = { hash: '#enter=abc', pathname: '/', search: '' };
    vi.stubGlobal('location', entry);
    vi.stubGlobal('history', { replaceState: () => undefined });
    vi.stubGlobal('fetch', async () => new Response('<h1>Bad gateway</h1>', { status }));
    await session.begin();
    await session.enter();
    expect(session.stage.value).toMatchObject({ kind: 'link', token: 'abc', busy: false, error: { status } });
  },
);

test('a session ends at its expiry, however much it is used', () => {
  vi.useFakeTimers({ now: Date.UTC(2031, 0, 1) });
  const session = page();
  session.admitted({ ...state, idleEndsAt: at(30), expiresAt: at(3), serverTime: at(0) });
  expect(session.idleEndsAt.value - Date.now()).toBe(3 * 60_000);
});

test('a page is kept for an hour after its session has ended, only for the same account', () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 2, 2, 8) });
  const session = page();
  const visitOf = (account: string) => {
    session.admitted({ ...state, account, idleEndsAt: at(30), expiresAt: at(59), serverTime: at(0) });
    return session.page.value?.visit;
  };
  const ada = visitOf('ada');
  session.leaveFor('ended');
  expect([session.page.value?.visit, away.value]).toEqual([ada, true]);
  expect([visitOf('ada'), away.value]).toEqual([ada, false]);
  session.leaveFor('ended');
  expect(visitOf('max')).not.toBe(ada);
  session.leaveFor('left');
  expect([session.page.value, away.value]).toEqual([null, false]);
  visitOf('ada');
  session.leaveFor('ended');
  vi.advanceTimersByTime(3_600_000);
  expect(session.page.value).toBeNull();
});

const ADA = crypto.randomUUID();
const MAX = crypto.randomUUID();

test.each([
  ['the same account is on that page', ADA, '#/people/1'],
  ['another account is on its start page', MAX, ''],
])('after signing in by a link opened in the tab of a kept page, %s', async (_, account, hash) => {
  vi.resetModules();
  const heard: (() => void)[] = [];
  const entry = { hash: '#/people/1', pathname: '/console/', search: '' };
  vi.stubGlobal('location', entry);
  vi.stubGlobal('addEventListener', (_: string, listener: () => void) => heard.push(listener));
  vi.stubGlobal('history', {
    replaceState(_: unknown, __: string, url: string) {
      entry.hash = new URL(url, 'https://host').hash;
    },
  });
  const enters = { ...state, email: 'x@example.org', idleEndsAt: at(30), expiresAt: at(59), serverTime: at(0) };
  vi.stubGlobal('fetch', async () => Response.json({ ...enters, account }));
  const { holdRoute, pageHash, route } = await import('./router.ts');
  const asked = vi.fn(async () => false);
  holdRoute(asked);
  const session = page();
  session.admitted({ ...enters, account: ADA });
  entry.hash = '#enter=abc';
  for (const listener of heard) listener();
  await session.begin(pageHash());
  expect(session.stage.value).toMatchObject({ kind: 'link', token: 'abc' });
  expect([entry.hash, route.value.page, asked.mock.calls]).toEqual(['#/people/1', 'people', []]);
  await session.enter();
  expect([session.stage.value.kind, entry.hash]).toEqual(['in', hash]);
});

test('a question left open when a session ended is answered with no if another account signs in', async () => {
  const session = page();
  const enter = (account: string) =>
    session.admitted({ ...state, account, idleEndsAt: at(30), expiresAt: at(59), serverTime: at(0) });
  enter('ada');
  const removing = confirm({ title: 'Remove Max?' });
  session.leaveFor('ended');
  enter('max');
  expect(await removing).toBe(false);
});

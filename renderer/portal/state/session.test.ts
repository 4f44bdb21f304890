import { afterEach, expect, test, vi } from 'vitest';
import { me, readMe, session } from './session.ts';

afterEach(() => vi.unstubAllGlobals());

test('an answer that arrives after signing out is not kept for the next person', async () => {
  const { promise: answer, resolve } = Promise.withResolvers<Response>();
  vi.stubGlobal('fetch', () => answer);
  const [idleEndsAt, expiresAt, serverTime] = Array(3).fill('2026-12-02T08:00:00.000Z') as [string, string, string];
  const person = '00000000-0000-4000-8000-000000000001';
  const times = { idleEndsAt, expiresAt, serverTime };
  session.admitted({ role: 'person', stage: 'full', account: null, person, email: null, ...times });
  const reading = readMe();
  session.leaveFor('left');
  const at = '2026-12-02T08:00:00.000Z';
  const nothing = { email: null, phone: null, language: null, number: null, badge: null, erasure: null };
  const given = { name: 'Ada', consent: 'none', templates: 0, gpsOptOut: false, sites: [], version: 1, updatedAt: at };
  resolve(Response.json({ id: '00000000-0000-4000-8000-000000000001', ...nothing, ...given }));
  expect((await reading).ok).toBe(true);
  expect(me.value).toBeNull();
});

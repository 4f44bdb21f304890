import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Site, SiteChange } from '../../sync/protocol/api/sites.ts';
import { ensureDefaultSite } from '../../sync/server/attendance/sites.ts';
import type { OpenDatabase } from '../../sync/server/database/open.ts';
import { DATABASES } from '../services/databases.ts';
import { type Api, apiOn, SITE } from './api-kit.ts';

/** What was changed of a site itself: who, when, from what to what, and the way back. */

const NOW = new Date('2026-07-20T10:00:00.000Z');
let home: Awaited<ReturnType<(typeof DATABASES)[number]['start']>>;
let database: OpenDatabase;
let api: Api;

describe.each(DATABASES)('changes of a site on $name', ({ unavailable, start }) => {
  beforeAll(async () => {
    if (unavailable) return;
    home = await start();
    database = await home.open();
    api = await apiOn(database, NOW);
  });
  afterAll(async () => {
    api?.close();
    await database?.close();
    await home?.remove();
  });
  beforeEach((context) => {
    if (unavailable) context.skip(unavailable);
  });

  const history = async (site: string) =>
    (await api.ask<{ items: SiteChange[] }>('GET', `/api/sites/${site}/history`)).items;
  const patch = (site: Site, body: object, change = site.change ?? 'none') =>
    api.ask<Site>('PATCH', `/api/sites/${site.id}?change=${change}`, { body });

  test('are kept with what it was, and taken back by a change of its own', async () => {
    const made = await api.ask<Site>('POST', '/api/sites', { body: { name: 'Night', timeZone: 'Europe/Berlin' } });
    expect(made.change).toBeNull();
    const facts = { name: 'Night', timeZone: 'Europe/Berlin', dayStartsAt: '00:00' };
    const later = await patch(made, { dayStartsAt: '04:00' });
    const again = await patch(later, { name: 'Night shift', dayStartsAt: '04:00' });
    expect(await patch(again, { name: 'Night shift' })).toEqual(again);
    const kept = await history(made.id);
    expect(kept).toMatchObject([
      { id: again.change, before: { ...facts, dayStartsAt: '04:00' }, after: { name: 'Night shift' } },
      { id: later.change, at: NOW.toISOString(), before: facts, after: { ...facts, dayStartsAt: '04:00' } },
    ]);
    const back = await api.ask<Site>('POST', `/api/sites/${made.id}/revert`, { body: { change: later.change } });
    // What came after it stays.
    expect(back).toMatchObject({ name: 'Night shift', dayStartsAt: '00:00' });
    expect((await history(made.id))[0]).toMatchObject({ id: back.change, before: { dayStartsAt: '04:00' } });
    await expect(
      api.ask('POST', `/api/sites/${made.id}/revert`, { body: { change: randomUUID() } }),
    ).rejects.toMatchObject({ code: 'site-change-unknown' });
  });

  test('of somebody else meanwhile are not written over; without a word of them whatever it is', async () => {
    const made = await api.ask<Site>('POST', '/api/sites', { body: { name: 'Two', timeZone: 'UTC' } });
    const first = await patch(made, { dayStartsAt: '05:00' });
    await expect(patch(made, { dayStartsAt: '06:00' })).rejects.toMatchObject({ code: 'settings-changed-meanwhile' });
    expect(await api.ask('GET', `/api/sites/${made.id}`)).toEqual(first);
    expect(await api.ask('PATCH', `/api/sites/${made.id}`, { body: { dayStartsAt: '06:00' } })).toMatchObject({
      dayStartsAt: '06:00',
    });
  });

  test('by the server’s own configuration stand there too, and only the configuration takes them back', async () => {
    await ensureDefaultSite(api.db, { ...SITE, timeZone: 'Asia/Riyadh' }, NOW);
    const [change] = await history(SITE.id);
    expect(change).toMatchObject({ by: 'configuration', email: null, after: { timeZone: 'Asia/Riyadh' } });
    await expect(
      api.ask('POST', `/api/sites/${SITE.id}/revert`, { body: { change: change!.id } }),
    ).rejects.toMatchObject({ code: 'site-configured' });
  });
});

import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { PolicyChange, Site, SiteChange, SitePolicy } from '../../sync/protocol/api/sites.ts';
import { ensureDefaultSite } from '../../sync/server/core/sites/sites.ts';
import { type Api, newApi } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { SITE } from '../kit/services.ts';
import { withDatabase } from '../kit/suite.ts';

/** Changes to a site itself: who, when, from what to what, and how to undo them. */

const NOW = new Date('2026-07-20T10:00:00.000Z');
let api: Api;

describe.each(DATABASES)('changes of a site on $name', (kind) => {
  withDatabase(kind, async (database, undo) => {
    api = undo.use(await newApi(database, NOW));
  });

  const history = async (site: string) =>
    (await api.ask<{ items: SiteChange[] }>('GET', `/api/sites/${site}/history`)).items;
  const patch = (site: Site, body: object, change = site.change ?? 'none') =>
    api.ask<Site>('PATCH', `/api/sites/${site.id}?change=${change}`, { body });

  test('are recorded with the previous value, and reverted by a new change', async () => {
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
    // Later changes are kept.
    expect(back).toMatchObject({ name: 'Night shift', dayStartsAt: '00:00' });
    expect((await history(made.id))[0]).toMatchObject({ id: back.change, before: { dayStartsAt: '04:00' } });
    await expect(
      api.ask('POST', `/api/sites/${made.id}/revert`, { body: { change: randomUUID() } }),
    ).rejects.toMatchObject({ code: 'site-change-unknown' });
  });

  test('made by someone else meanwhile are not overwritten, unless the request names no revision', async () => {
    const made = await api.ask<Site>('POST', '/api/sites', { body: { name: 'Two', timeZone: 'UTC' } });
    const first = await patch(made, { dayStartsAt: '05:00' });
    await expect(patch(made, { dayStartsAt: '06:00' })).rejects.toMatchObject({ code: 'settings-changed-meanwhile' });
    expect(await api.ask('GET', `/api/sites/${made.id}`)).toEqual(first);
    expect(await api.ask('PATCH', `/api/sites/${made.id}`, { body: { dayStartsAt: '06:00' } })).toMatchObject({
      dayStartsAt: '06:00',
    });
  });

  test('of its policy say how many kiosks they reach; the default site’s include those of sites without a policy', async () => {
    const add = (name: string) =>
      api.ask<Site>('POST', '/api/sites', { body: { name, timeZone: 'UTC' } }).then(({ id }) => id);
    const [own, following] = [await add('Own'), await add('Following')];
    const reach = async (site: string) => {
      const { kiosks, ownKiosks } = await api.ask<SitePolicy>('GET', `/api/sites/${site}/policy`);
      return [kiosks, ownKiosks];
    };
    const [before] = await reach(SITE.id);
    for (const site of [null, SITE.id, own, own, own, following, following]) await api.kiosk(site);
    expect(await reach(SITE.id)).toEqual([before! + 7, before! + 2]);
    await api.ask('PUT', `/api/sites/${own}/policy`, { body: { leaseDays: 10 } });
    expect(await reach(SITE.id)).toEqual([before! + 4, before! + 2]);
    expect([await reach(own), await reach(following)]).toEqual([
      [3, 3],
      [2, 2],
    ]);
  });

  test('made by the server’s configuration are listed too, and can be reverted only there', async () => {
    await ensureDefaultSite(api.db, { ...SITE, timeZone: 'Asia/Riyadh' }, NOW);
    const [change] = await history(SITE.id);
    expect(change).toMatchObject({ by: 'configuration', email: null, after: { timeZone: 'Asia/Riyadh' } });
    await expect(
      api.ask('POST', `/api/sites/${SITE.id}/revert`, { body: { change: change!.id } }),
    ).rejects.toMatchObject({ code: 'site-configured' });
  });

  test('of its policy write and record only the settings touched, so two people can change different ones', async () => {
    const { id } = await api.ask<Site>('POST', '/api/sites', { body: { name: 'Halves', timeZone: 'UTC' } });
    const url = `/api/sites/${id}/policy`;
    type Held = { own: boolean; policy: Record<string, unknown> };
    const read = () => api.ask<Held>('GET', url);
    const change = (was: object, is: object) => api.ask<Held>('PATCH', url, { body: { was, is }, as: 'dpo' });
    const { own, policy } = await read();
    expect(own).toBe(false);
    // Both have read the same page.
    await change({}, { photoDays: 30 });
    expect((await api.lastAudit()).resource).toBe(`${id} photoDays`);
    expect((await change({}, { faces: 'off' })).policy).toEqual({ ...policy, photoDays: 30, faces: 'off' });
    const before = { ...policy, photoDays: 30 };
    const history = async () => (await api.ask<{ items: PolicyChange[] }>('GET', `${url}/history`)).items;
    expect(await history()).toMatchObject([
      { before, after: { ...before, faces: 'off' } },
      // What applied at the site before it had its own policy.
      { before: policy, after: before },
    ]);
    // The same change: the second is rejected, whichever state they had read.
    for (const was of [{}, { photoDays: 29 }])
      await expect(change(was, { photoDays: 7 })).rejects.toMatchObject({ code: 'settings-changed-meanwhile' });
    expect((await read()).policy).toMatchObject({ photoDays: 30 });
    expect((await change({ photoDays: 30 }, {})).policy).not.toHaveProperty('photoDays');
    // Contacts are three settings.
    const privacy = { controller: 'Acme', contact: 'desk@example.org', dpo: 'Ada' };
    await expect(change({}, { privacy: { dpo: 'Ada' } })).rejects.toMatchObject({ code: 'bad-request' });
    await change({}, { privacy });
    await change({ privacy: { dpo: 'Ada' } }, { privacy: { dpo: 'Grace' } });
    await change({ privacy: { contact: privacy.contact } }, { privacy: { contact: 'post@example.org' } });
    await expect(change({ privacy: { dpo: 'Ada' } }, { privacy: { dpo: 'Alan' } })).rejects.toMatchObject({
      code: 'settings-changed-meanwhile',
    });
    expect((await read()).policy.privacy).toEqual({ controller: 'Acme', contact: 'post@example.org', dpo: 'Grace' });
    await expect(change({}, { checkinMethods: ['face'] })).rejects.toMatchObject({ code: 'checkin-method-required' });
  });
});

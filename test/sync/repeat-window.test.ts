import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import type { PolicyHistory, Site, SitePolicy } from '../../sync/protocol/api/sites.ts';
import { policyForKiosks } from '../../sync/server/app/kiosk-policy.ts';
import { DEFAULT_SCOPE } from '../../sync/server/core/sites/sites.ts';
import { resolveDue } from '../../sync/server/features/attendance/resolve-due.ts';
import { newApi } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { SITE } from '../kit/services.ts';

/** There is one repeat window: kiosks and the server use the same number, wherever it was set. */

const NOON = new Date('2026-07-20T10:00:00.000Z');
const later = (seconds: number) => new Date(NOON.getTime() + seconds * 1000);

describe.each(DATABASES)('the repeat window on $name', ({ unavailable, start }) => {
  if (unavailable) return test.skip(unavailable, () => undefined);
  let home: Awaited<ReturnType<typeof start>>;
  beforeEach(async () => {
    home = await start();
  });
  afterEach(() => home.remove());

  test('set by the policy applies to the site and its kiosks, and is in the history and reverted with it', async () => {
    const database = await home.open();
    const api = await newApi(database, later(3600));
    try {
      const box = await api.kiosk();
      const person = box.person('Ada');
      for (const seconds of [0, 120])
        box.append(
          'checkin',
          { direction: 'in', automatic: true, method: 'badge', liveness: 'not-needed' },
          { person },
          later(seconds),
        );
      await api.deliver(box);
      const counted = async () => {
        while ((await resolveDue(database.db))?.taken !== 0);
        const rows = await database.db
          .selectFrom('checkin')
          .select('duplicate_of')
          .where('person', '=', person)
          .execute();
        return rows.filter((r) => r.duplicate_of === null).length;
      };
      const notified = async (scope: string) => (await policyForKiosks(database.db, scope)).repeatWindowSeconds;
      const url = `/api/sites/${SITE.id}/policy`;
      const read = async (site = SITE.id) =>
        (await api.ask<z.infer<typeof SitePolicy>>('GET', `/api/sites/${site}/policy`)).policy;
      const add = (name: string) => api.ask<Site>('POST', '/api/sites', { body: { name, timeZone: 'UTC' } });
      expect([await counted(), await notified(DEFAULT_SCOPE), (await read()).repeatWindowSeconds]).toEqual([2, 60, 60]);
      const [alike, own] = [await add('Alike'), await add('Own')];
      const put = (site: string, repeatWindowSeconds?: number) =>
        api.ask<z.infer<typeof SitePolicy>>('PUT', `/api/sites/${site}/policy`, {
          body: { leaseDays: 30, ...(repeatWindowSeconds !== undefined && { repeatWindowSeconds }) },
          as: 'dpo',
        });
      await put(own.id, 10);

      await put(SITE.id, 300);
      expect([await counted(), await notified(DEFAULT_SCOPE), (await read()).repeatWindowSeconds]).toEqual([
        1, 300, 300,
      ]);
      const site = await api.ask<Site>('GET', `/api/sites/${SITE.id}`);
      expect(site.repeatSeconds).toBe(300);
      // Sites without a policy of their own follow the default, new ones too; a site with its own policy doesn't.
      expect([await notified(alike.id), await notified((await add('New')).id), await notified(own.id)]).toEqual([
        300, 300, 10,
      ]);
      // It is stored nowhere else.
      expect((await sql<{ policy: string }>`select policy::text from site_policy`.execute(database.db)).rows).toEqual([
        { policy: '{"leaseDays": 30}' },
        { policy: '{"leaseDays": 30}' },
      ]);
      await expect(api.ask('PATCH', `/api/sites/${SITE.id}`, { body: { repeatSeconds: 5 } })).rejects.toThrow();
      // An omitted value isn't changed.
      await put(SITE.id);
      expect(await notified(DEFAULT_SCOPE)).toBe(300);

      await put(SITE.id, 0);
      const { items } = await api.ask<z.infer<typeof PolicyHistory>>('GET', `${url}/history`);
      expect(items[0]).toMatchObject({ before: { repeatWindowSeconds: 300 }, after: { repeatWindowSeconds: 0 } });
      await api.ask('POST', `${url}/revert`, { body: { change: items[0]!.id }, as: 'dpo' });
      expect([await counted(), await notified(DEFAULT_SCOPE), await notified(own.id)]).toEqual([1, 300, 10]);
    } finally {
      api.close();
      await database.close();
    }
  });
});

import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import type { PolicyHistory, Site, SitePolicy } from '../../sync/protocol/api/sites.ts';
import { resolveDue } from '../../sync/server/attendance/resolve.ts';
import { DEFAULT_SCOPE, ensureDefaultSite } from '../../sync/server/attendance/sites.ts';
import { policyForKiosks } from '../../sync/server/changes/kiosk-policy.ts';
import { knownMigrations, migrate } from '../../sync/server/database/migrations.ts';
import { siteRoutes } from '../../sync/server/sites/routes.ts';
import { apiOn, SITE } from '../policy/api-kit.ts';
import { DATABASES } from '../services/databases.ts';

/** One repeat window: what kiosks go by and what the server counts by is the same number, wherever it was set. */

const NOON = new Date('2026-07-20T10:00:00.000Z');
const later = (seconds: number) => new Date(NOON.getTime() + seconds * 1000);

describe.each(DATABASES)('the repeat window on $name', ({ unavailable, start }) => {
  if (unavailable) return test.skip(unavailable, () => undefined);
  let home: Awaited<ReturnType<typeof start>>;
  beforeEach(async () => {
    home = await start();
  }, 60_000);
  afterEach(() => home.remove());

  test('set by the policy, the site counts by it and its kiosks are told it; it is in the history and goes back with it', async () => {
    const database = await home.open();
    const api = await apiOn(database, later(3600), siteRoutes);
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
      const told = async (scope: string) => (await policyForKiosks(database.db, scope, 3)).repeatWindowSeconds;
      const url = `/api/sites/${SITE.id}/policy`;
      const read = async (site = SITE.id) =>
        (await api.ask<z.infer<typeof SitePolicy>>('GET', `/api/sites/${site}/policy`)).policy;
      const add = (name: string) => api.ask<Site>('POST', '/api/sites', { body: { name, timeZone: 'UTC' } });
      expect([await counted(), await told(DEFAULT_SCOPE), (await read()).repeatWindowSeconds]).toEqual([2, 60, 60]);
      const [alike, own] = [await add('Alike'), await add('Own')];
      const put = (site: string, repeatWindowSeconds?: number) =>
        api.ask<z.infer<typeof SitePolicy>>('PUT', `/api/sites/${site}/policy`, {
          body: { leaseDays: 30, ...(repeatWindowSeconds !== undefined && { repeatWindowSeconds }) },
          as: 'dpo',
        });
      await put(own.id, 10);

      await put(SITE.id, 300);
      expect([await counted(), await told(DEFAULT_SCOPE), (await read()).repeatWindowSeconds]).toEqual([1, 300, 300]);
      const site = await api.ask<Site>('GET', `/api/sites/${SITE.id}`);
      expect(site.repeatSeconds).toBe(300);
      // Who has no policy of their own goes along, also whoever is new; who has one does not.
      expect([await told(alike.id), await told((await add('New')).id), await told(own.id)]).toEqual([300, 300, 10]);
      // It stands nowhere else.
      expect((await sql<{ policy: string }>`select policy::text from site_policy`.execute(database.db)).rows).toEqual([
        { policy: '{"leaseDays": 30}' },
        { policy: '{"leaseDays": 30}' },
      ]);
      await expect(api.ask('PATCH', `/api/sites/${SITE.id}`, { body: { repeatSeconds: 5 } })).rejects.toThrow();
      // Not said is not changed.
      await put(SITE.id);
      expect(await told(DEFAULT_SCOPE)).toBe(300);

      await put(SITE.id, 0);
      const { items } = await api.ask<z.infer<typeof PolicyHistory>>('GET', `${url}/history`);
      expect(items[0]).toMatchObject({ before: { repeatWindowSeconds: 300 }, after: { repeatWindowSeconds: 0 } });
      await api.ask('POST', `${url}/revert`, { body: { change: items[0]!.id }, as: 'dpo' });
      expect([await counted(), await told(DEFAULT_SCOPE), await told(own.id)]).toEqual([1, 300, 10]);
    } finally {
      api.close();
      await database.close();
    }
  }, 60_000);

  test('what was set before, in the one place or the other, is the one that people knew', async () => {
    const { db, close } = await home.bare();
    try {
      await migrate(
        db,
        knownMigrations()
          .filter((name) => name < '0027')
          .at(-1),
      );
      const sites = { byPolicy: randomUUID(), inherits: randomUUID(), saysNothing: randomUUID() };
      await ensureDefaultSite(db, { ...SITE, repeatSeconds: 20 }, NOON);
      for (const [name, id] of Object.entries(sites))
        await sql`insert into site (id, name, time_zone, repeat_seconds) values (${id}, ${name}, 'UTC', 90)`.execute(
          db,
        );
      for (const [site, policy] of [
        [DEFAULT_SCOPE, { leaseDays: 30, repeatWindowSeconds: 300 }],
        [sites.byPolicy, { leaseDays: 7, repeatWindowSeconds: 0 }],
        [sites.saysNothing, { leaseDays: 9 }],
      ] as const)
        await sql`insert into site_policy (site, policy, updated_at) values (${site}, ${JSON.stringify(policy)}::jsonb, now())`.execute(
          db,
        );
      await sql`insert into checkin (id, device, site, at, received_at, direction, automatic, method, liveness, person, resolved, change)
                select gen_random_uuid(), gen_random_uuid(), s.site, now(), now(), 'in', true, 'badge', 'x', s.site, 'in', 0
                from unnest(${Object.values(sites)}::uuid[]) as s (site)`.execute(db);
      await migrate(db);
      const { rows } = await sql<{ id: string; repeat_seconds: number }>`select id, repeat_seconds from site`.execute(
        db,
      );
      expect(new Map(rows.map((r) => [r.id, r.repeat_seconds]))).toEqual(
        new Map([
          [SITE.id, 300],
          [sites.byPolicy, 0],
          [sites.inherits, 300],
          [sites.saysNothing, 90],
        ]),
      );
      const left = await sql<{ policy: object }>`select policy from site_policy order by site`.execute(db);
      expect(left.rows.map((r) => Object.keys(r.policy))).toEqual([['leaseDays'], ['leaseDays'], ['leaseDays']]);
      expect((await policyForKiosks(db, sites.inherits, 1)).repeatWindowSeconds).toBe(300);
      // Records of the sites that count otherwise now are up again; kiosks read their policy anew.
      const due = await sql<{ site: string }>`select site from attendance_due`.execute(db);
      expect(due.rows.map((r) => r.site).sort()).toEqual([sites.byPolicy, sites.inherits].sort());
      const { rows: changes } = await sql<{
        kind: string;
      }>`select kind from change order by position desc limit 1`.execute(db);
      expect(changes).toEqual([{ kind: 'policy' }]);
    } finally {
      await close();
    }
  }, 60_000);
});

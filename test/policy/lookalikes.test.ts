import { v7 } from 'uuid';
import { describe, expect, test } from 'vitest';
import { readChanges } from '../../sync/server/app/downstream/read.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { lookalikeRoutes } from '../../sync/server/core/lookalikes/module.ts';
import { partnersOf } from '../../sync/server/core/lookalikes/store.ts';
import { assignToSites } from '../../sync/server/core/people/sites.ts';
import { mergePeople } from '../../sync/server/features/attendance/merging/merge.ts';
import { requestErasure } from '../../sync/server/features/privacy/erasure/request.ts';
import { eraseTables } from '../../sync/server/features/privacy/erasure/steps.ts';
import { messageOf } from '../../sync/server/features/webhooks/message.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { openHalf } from '../../sync/server/platform/keys/personal.ts';
import { personBox } from '../../sync/server/platform/keys/persons.ts';
import { type Api, newApi } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';
import { newPerson } from '../kit/person.ts';
import { SITE } from '../kit/services.ts';
import { withDatabase } from '../kit/suite.ts';

/** Pairs of lookalikes on the server: what a kiosk reports, who it concerns, and whose erasure deletes it. */

const NOW = new Date('2026-07-20T10:00:00.000Z');

describe.each(DATABASES)('lookalikes on $name', (kind) => {
  let api: Api;
  let door: MemoryOutbox;
  let count = 0;

  withDatabase(kind, async (database, undo) => {
    api = undo.use(await newApi(database, NOW));
    await api.db
      .insertInto('webhook')
      .values({
        id: v7(),
        name: 'Payroll',
        site: null,
        with_number: false,
        enabled: true,
        disabled_because: null,
        sealed: Buffer.alloc(1),
        row_version: 1,
        created_at: NOW,
        paused_until: null,
        log: v7(),
        position: 0,
      })
      .execute();
    door = await api.kiosk(SITE.id);
  });

  /** Two people of the door's site, marked by the door. */
  async function pair(reason: 'enrolment' | 'not-me' = 'enrolment') {
    const [ada, eve] = [newPerson(door, 'Ada', NOW, `A-${++count}`), newPerson(door, 'Eve', NOW, `E-${count}`)];
    door.append('lookalike', { change: 'marked', reason }, { person: eve, other: ada }, NOW);
    await api.deliver(door);
    return { ada, eve };
  }
  const listed = async () =>
    (await api.ask<{ items: { id: string; people: { id: string }[] }[] }>('GET', '/api/lookalikes', { as: 'staff' }))
      .items;
  /** A person's pairs in this kiosk's snapshot; nothing if there are none. */
  async function notified(person: string, box = door) {
    const source = {
      db: api.db,
      keys: api.keys,
      logEpoch: v7(),
      modules: MODULES,
      publicKeys: async () => ({}) as never,
    };
    const ask = { cursor: '', limit: 200, presenceAfter: null, newestKey: true };
    const { changes, more } = await readChanges(source, box.device, ask, NOW);
    expect(more).toBe(false);
    return changes.flatMap((c) => (c.kind === 'lookalikes' && c.person === person ? c.others : []));
  }

  test('a pair marked at a kiosk reaches the site’s kiosks, Attention and webhooks at once, and is no longer suggested as a duplicate', async () => {
    const { ada, eve } = await pair('not-me');
    const other = await api.kiosk(SITE.id);
    for (const box of [door, other]) {
      expect(await notified(ada, box)).toMatchObject([
        { person: eve, reason: 'not-me', device: door.device, by: null },
      ]);
      expect(await notified(eve, box)).toMatchObject([{ person: ada }]);
    }
    const { items } = await api.ask<{ items: { ref: string; person: string }[] }>(
      'GET',
      '/api/attention?kind=lookalikes',
      { as: 'staff' },
    );
    const item = items.find((i) => [ada, eve].includes(i.person))!;
    expect(item).toMatchObject({ code: 'lookalikes-not-me', device: door.device });
    const due = await api.db.selectFrom('webhook_delivery').selectAll().where('subject', '=', item.ref).execute();
    expect(due).toMatchObject([{ kind: 'lookalikes.marked', state: 'due', due_at: NOW }]);
    const message = await messageOf(api.db, api.keys, due[0]!, { with_number: false, topics: [], site: null }, NOW);
    expect(message!.body).toMatchObject({
      type: 'lookalikes.marked',
      data: { people: [ada, eve].sort(), reason: 'not-me' },
    });
    const candidates = await api.db
      .selectFrom('merge_candidate')
      .selectAll()
      .where('first', 'in', [ada, eve])
      .execute();
    expect(candidates).toMatchObject([{ status: 'rejected' }]);
    // The log keeps who it was about, but not the other person.
    const [event] = await api.db.selectFrom('event').selectAll().where('type', '=', 'lookalike').execute();
    const { other: named, person } = openHalf(api.keys, await personBox(api.db, api.keys, [event!.person!]), event!);
    expect([named, person?.value]).toEqual([undefined, eve]);
  });

  test('a repeated mark is sent once; a kiosk or an administrator can undo it, and desk staff can only view it', async () => {
    const { ada, eve } = await pair();
    door.append('lookalike', { change: 'marked', reason: 'not-me' }, { person: ada, other: eve }, NOW);
    await api.deliver(door);
    expect((await listed()).filter((p) => p.people.some((one) => one.id === ada))).toHaveLength(1);
    door.append('lookalike', { change: 'removed' }, { person: ada, other: eve }, NOW);
    await api.deliver(door);
    expect(await partnersOf(api.db, ada)).toEqual([]);
    expect(await notified(ada)).toEqual([]);

    const again = await pair();
    const [row] = (await listed()).filter((p) => p.people.some((one) => one.id === again.ada));
    expect(lookalikeRoutes.find((r) => r.path.endsWith('/remove'))!.roles).toEqual(['admin']);
    await api.ask('POST', `/api/lookalikes/${row!.id}/remove`);
    expect(await api.lastAudit()).toMatchObject({ action: 'write' });
    expect(await partnersOf(api.db, again.ada)).toEqual([]);
    await expect(api.ask('POST', `/api/lookalikes/${row!.id}/remove`)).rejects.toMatchObject({
      code: 'lookalikes-unknown',
    });
  });

  test('a kiosk can mark only pairs of people of its own site', async () => {
    const elsewhere = await site('Hamburg');
    const far = await api.kiosk(elsewhere);
    const stranger = newPerson(far, 'Bob', NOW, `B-${++count}`);
    const ada = newPerson(door, 'Ada', NOW, `A-${count}`);
    await api.deliver(far);
    door.append('lookalike', { change: 'marked', reason: 'not-me' }, { person: ada, other: stranger }, NOW);
    door.append('lookalike', { change: 'marked', reason: 'not-me' }, { person: stranger, other: ada }, NOW);
    door.append('lookalike', { change: 'marked', reason: 'not-me' }, { person: ada, other: v7() }, NOW);
    door.append('lookalike', { change: 'marked', reason: 'not-me' }, { person: ada, other: ada }, NOW);
    await api.deliver(door);
    expect([await partnersOf(api.db, ada), await partnersOf(api.db, stranger)]).toEqual([[], []]);
  });

  test('a kiosk of another site gets a pair only if both people belong to it', async () => {
    const { ada, eve } = await pair();
    const elsewhere = await site('Bremen');
    const far = await api.kiosk(elsewhere);
    await assignToSites(api.db, ada, [...(await sitesOf(ada)), elsewhere], NOW);
    expect(await notified(ada, far)).toEqual([]);
    await assignToSites(api.db, eve, [...(await sitesOf(eve)), elsewhere], NOW);
    expect(await notified(eve, far)).toMatchObject([{ person: ada }]);
  });

  test('an erasure or a withdrawn consent deletes the pair, and a merge keeps the pairs of both', async () => {
    const one = await pair();
    await inTransaction(api.db, (tx) => eraseTables({ tx, keys: api.keys, people: [one.eve], now: NOW }, MODULES));
    expect(await partnersOf(api.db, one.ada)).toEqual([]);

    const two = await pair();
    await api.ask('POST', `/api/people/${two.eve}/consents/withdraw`);
    expect(await partnersOf(api.db, two.ada)).toEqual([]);
    expect(await notified(two.ada)).toEqual([]);

    // The request is enough: their templates are deleted immediately.
    const asked = await pair();
    await requestErasure(api.db, api.keys, { person: asked.eve, origin: 'staff', undoDays: 7 }, NOW);
    expect(await partnersOf(api.db, asked.ada)).toEqual([]);
    expect(await notified(asked.ada)).toEqual([]);

    const three = await pair();
    await mergePeople(
      { db: api.db, keys: api.keys, modules: MODULES },
      { kept: three.ada, merged: three.eve, by: 'admin' },
      NOW,
    );
    expect(await partnersOf(api.db, three.ada)).toEqual([]);

    const four = await pair();
    const kept = newPerson(door, 'Kim', NOW, `K-${++count}`);
    await api.deliver(door);
    await mergePeople({ db: api.db, keys: api.keys, modules: MODULES }, { kept, merged: four.eve, by: 'admin' }, NOW);
    expect(await partnersOf(api.db, kept)).toEqual([four.ada]);
    expect(await notified(four.ada)).toMatchObject([{ person: kept }]);
  });

  async function site(name: string): Promise<string> {
    const id = v7();
    await api.db.insertInto('site').values({ id, name, time_zone: 'Europe/Berlin', is_default: false }).execute();
    return id;
  }
  const sitesOf = async (person: string) =>
    (await api.db.selectFrom('person_site').select('site').where('person', '=', person).execute()).map((r) => r.site);
});

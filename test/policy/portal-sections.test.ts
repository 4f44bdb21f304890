import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { v7 } from 'uuid';
import { expect, test } from 'vitest';
import { MODULES } from '../../sync/server/app/modules.ts';
import { setMinor } from '../../sync/server/core/consents/minors.ts';
import { markPair } from '../../sync/server/core/lookalikes/store.ts';
import { setHold } from '../../sync/server/core/people/holds.ts';
import { keepPhotos } from '../../sync/server/core/templates/photos.ts';
import { keepCase } from '../../sync/server/core/templates/waiting.ts';
import { resolveItem } from '../../sync/server/features/attention/items.ts';
import { importPlace } from '../../sync/server/features/enrolment/imports/runs.ts';
import { requestErasure } from '../../sync/server/features/privacy/erasure/request.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { personBox } from '../../sync/server/platform/keys/persons.ts';
import { attentionOf, sectionsOf } from '../../sync/server/platform/server-module.ts';
import { newApi } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { newPerson } from '../kit/person.ts';

/** A person with something in each table that names people, so a section that omitted it would be empty. */

const NOW = new Date('2026-07-20T10:00:00.000Z');

test('no section of the export is empty for someone with data in every table', async () => {
  const home = await DATABASES[0]!.start();
  const database = await home.open();
  const api = await newApi(database, NOW);
  try {
    const { db, keys } = api;
    const box = await api.kiosk();
    const person = newPerson(box, 'Ada', NOW, 'N-2801');
    const open = { direction: 'in', method: 'face', liveness: 'passed', model: 'test' } as const;
    const photo = randomBytes(32).toString('base64url');
    const photoKey = randomBytes(32).toString('base64url');
    const came = box.append('checkin', open, { person, score: 0.8, photo, photoKey }, NOW).header.id;
    const wrong = box.append('checkin', open, { person }, NOW).header.id;
    box.append('void', { target: wrong, reason: 'not-me' }, { person }, NOW);
    box.append('checkin', { ...open, direction: 'sideways' } as never, { person }, NOW);
    await api.deliver(box);
    await api.ask('POST', `/api/people/${person}/pin-code`);
    await api.ask('POST', '/api/corrections', { body: { kind: 'void', target: came, reason: 'x' } });
    const me = api.actorOf('person', person);
    await api.ask('POST', '/api/me/complaints', { as: me, body: { record: wrong, message: 'Not me' } });
    const evacuation = (await api.ask<{ id: string }>('POST', '/api/evacuations', { as: 'staff', body: {} })).id;
    await db.insertInto('evacuation_mark').values({ evacuation, person, at: NOW, by: null }).execute();
    await inTransaction(db, async (tx) => {
      await keepPhotos(
        tx,
        keys,
        person,
        [{ id: v7(), picture: randomBytes(9), pose: 'front' }],
        { via: 'staff', by: null },
        NOW,
      );
      await setMinor(tx, keys, person, { bornOn: '2015-03-01', guardian: null }, NOW);
      await resolveItem(tx, keys, attentionOf(MODULES), { kind: 'void', ref: wrong, note: 'Seen' }, null, NOW);
      await setHold(tx, keys, { person, site: null, from: null, until: null, reason: 'x', setBy: 'dpo' }, NOW);
      const run = v7();
      await sql`insert into import_run (id, state, made_at) values (${run}, 'open', ${NOW.toISOString()})`.execute(tx);
      const id = v7();
      const name = (await personBox(tx, keys, [person])).sealJson(importPlace('name', id, person), 'ada.jpg');
      await sql`insert into import_photo (id, run, person, name, state, made_at)
                values (${id}, ${run}, ${person}, ${name}, 'judged', ${NOW.toISOString()})`.execute(tx);
      const values = { person, model: 'test', since: NOW, count: 1, baseline: 0.9, recent: 0.8, updated_at: NOW };
      await tx.insertInto('person_score').values(values).execute();
      const second = 'ffffffff-ffff-4fff-bfff-ffffffffffff';
      await tx
        .insertInto('merge_candidate')
        .values({
          id: v7(),
          first: person,
          second,
          reason: 'number',
          score: null,
          found_at: NOW,
          status: 'open',
          decided_at: null,
          decided_by: null,
        })
        .execute();
      const marking = { reason: 'not-me' as const, at: NOW, device: null, by: null };
      await markPair(tx, [person, second], marking, NOW);
      const face = {
        model: 'test',
        embedding: new Float32Array(2),
        picture: randomBytes(9),
        pose: 'front',
        quality: 70,
      };
      const waits = { person, other: second, score: 0.7, source: 'photo' as const, faces: [face], by: null };
      await keepCase(tx, keys, waits, NOW);
      const link = { hash: randomBytes(32), kind: 'person' as const, account: null, person, used_at: null };
      await tx
        .insertInto('sign_in_link')
        .values({ ...link, created_at: NOW, expires_at: NOW })
        .execute();
    });
    const exported = async () => {
      const text = (await api.ask<Buffer>('GET', '/api/gdpr/export/my-data', { as: me })).toString('utf8');
      return JSON.parse(text) as Record<string, unknown[]>;
    };
    const first = await exported();
    const empty = (data: Record<string, unknown[]>) =>
      sectionsOf(MODULES)
        .map(([name]) => name)
        .filter((n) => data[n]!.length === 0);
    expect(empty(first)).toEqual(['erasures']);
    const pin = first.credentials!.find((c) => (c as { kind: string }).kind === 'pin-code');
    expect(pin).toMatchObject({ kind: 'pin-code' });
    // Requested and still undoable: templates and pictures of the face are deleted immediately, the rest is shown.
    await requestErasure(db, keys, { person, origin: 'person', undoDays: 7 }, NOW);
    const waiting = await exported();
    expect(waiting.erasures).toHaveLength(1);
    expect(waiting.attendance!.length).toBe(first.attendance!.length);
  } finally {
    api.close();
    await database.close();
    await home.remove();
  }
});

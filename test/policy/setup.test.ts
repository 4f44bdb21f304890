import { v7 } from 'uuid';
import { describe, expect, test } from 'vitest';
import type { ConsentTextList } from '../../sync/protocol/api/consents.ts';
import type { Site } from '../../sync/protocol/api/sites.ts';
import type { Actor } from '../../sync/server/platform/audit/actor.ts';
import { findAll } from '../../sync/server/platform/database/rows.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { newPerson } from '../kit/person.ts';
import { withApi } from '../kit/suite.ts';

const NOW = new Date('2026-07-20T10:00:00.000Z');

describe.each(DATABASES)('the set-up guide on $name', (on) => {
  let api: Api;
  withApi(on, { now: NOW }, (opened) => {
    ({ api } = opened);
  });

  test('a step is done once its contacts, kiosk, face or check-in exist', async () => {
    const done = async () => (await api.ask<{ done: string[] }>('GET', '/api/setup')).done;
    expect(await done()).toEqual([]);
    const { items } = await api.ask<{ items: Site[] }>('GET', '/api/sites');
    const privacy = { controller: 'Example Ltd', contact: 'privacy@example.org', dpo: 'dpo@example.org' };
    const body = { was: { privacy: {} }, is: { privacy } };
    await api.ask('PATCH', `/api/sites/${items[0]!.id}/policy`, { body });
    expect(await done()).toEqual(['contacts']);
    const kiosk = await api.kiosk();
    expect(await done()).toEqual(['contacts', 'kiosk']);
    kiosk.append('person', { change: 'added' }, { person: v7(), name: 'Max', number: '4712', language: 'en' }, NOW);
    await api.deliver(kiosk);
    expect(await done()).toEqual(['contacts', 'kiosk']);
    const person = newPerson(kiosk, 'Ada', NOW, '4711');
    await api.deliver(kiosk);
    expect(await done()).toEqual(['contacts', 'kiosk', 'person']);
    const seen = { direction: 'in', method: 'face', liveness: 'passed', model: 'test' } as const;
    kiosk.append('checkin', seen, { person, score: 0.7 }, NOW);
    await api.deliver(kiosk);
    expect(await done()).toEqual(['contacts', 'kiosk', 'person', 'checkin']);
  });

  test('the shipped consent text is adopted as read, with the account recorded; with templates on cards it is a different text', async () => {
    const texts = () => api.ask<ConsentTextList>('GET', '/api/consent-texts');
    const isDone = async () => (await api.ask<{ done: string[] }>('GET', '/api/setup')).done.includes('texts');
    const adopt = (version: string, as: Actor) =>
      api.ask<ConsentTextList>('POST', '/api/consent-texts/adopt', { body: { version }, as });
    const actor = api.actorOf('admin');
    expect([(await texts()).adoptedAt, await isDone()]).toEqual([null, false]);
    await expect(adopt('2020-01', actor)).rejects.toMatchObject({ code: 'consent-outdated' });
    const { shippedVersion, shipped } = await texts();
    expect((await adopt(shippedVersion, actor)).adoptedAt).toBe(NOW.toISOString());
    expect(await isDone()).toBe(true);
    const rows = await findAll(api.db, 'consent_adoption', {});
    expect(rows.map((r) => [r.version, r.language, r.adopted_by]).sort()).toEqual(
      shipped.map(({ language }) => [shippedVersion, language, actor.id]).sort(),
    );
    const [audited] = await findAll(api.db, 'audit', { route: 'POST /api/consent-texts/adopt', outcome: 'ok' });
    expect(audited).toMatchObject({ actor: actor.id, resource: shippedVersion });
    const { items } = await api.ask<{ items: Site[] }>('GET', '/api/sites');
    const cards = { was: {}, is: { templates: 'card' } };
    await api.ask('PATCH', `/api/sites/${items[0]!.id}/policy`, { body: cards });
    expect([(await texts()).adoptedAt, await isDone()]).toEqual([null, false]);
  });
});

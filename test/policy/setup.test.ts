import { v7 } from 'uuid';
import { describe, expect, test } from 'vitest';
import type { Site } from '../../sync/protocol/api/sites.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { newPerson } from '../kit/person.ts';
import { withApi } from '../kit/suite.ts';

const NOW = new Date('2026-07-20T10:00:00.000Z');

describe.each(DATABASES)('setting up on $name', (on) => {
  let api: Api;
  withApi(on, { now: NOW }, (opened) => {
    ({ api } = opened);
  });

  test('each step is done by what is there: contacts, a kiosk, a face, a check-in', async () => {
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
});

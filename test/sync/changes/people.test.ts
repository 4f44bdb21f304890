import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { TemplateValue } from '../../../sync/protocol/wire/event.ts';
import { assignToSites } from '../../../sync/server/core/people/sites.ts';
import { DATABASES } from '../../kit/databases.ts';
import { database, inEventLog, Kiosk, names, newSite, onDatabase, rows, site } from './kiosks.ts';

describe.each(DATABASES)('what kiosks report and receive about people, on $name', (kind) => {
  onDatabase(kind);

  describe('what a kiosk enrols', () => {
    test('reaches the site’s other kiosks with all values and templates, and no other site', async () => {
      const [a, b, elsewhere, nowhere] = [
        await Kiosk.at(site),
        await Kiosk.at(site),
        await Kiosk.at(await newSite()),
        await Kiosk.at(null),
      ];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      await b.read();
      expect(b.people.get(person)).toEqual({
        kind: 'person',
        person,
        name: 'Ada Lovelace',
        number: '1001',
        language: 'en',
        gpsOptOut: false,
      });
      const sent = a.box.events.at(-1)!.personal.templates!.value as TemplateValue[];
      const got = b.templates.get(`${person} arc`)!;
      expect([...got].sort((x, y) => (x.id < y.id ? -1 : 1))).toEqual([...sent].sort((x, y) => (x.id < y.id ? -1 : 1)));
      for (const other of [elsewhere, nowhere]) {
        await other.read();
        expect(other.people.has(person)).toBe(false);
      }
    });

    test('arrives as a delta at kiosks that have read before, in log order, and only once', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      await b.read();
      const person = a.enrol('Ada Lovelace');
      await a.send();
      expect((await b.read()).map((c) => c.kind)).toEqual(['person', 'templates']);
      expect(await b.read()).toEqual([]);
      expect(b.wholes).toBe(1);
      a.box.append('person', { change: 'updated' }, { person, name: 'Ada King' });
      await a.send();
      expect((await b.read()).map((c) => c.kind)).toEqual(['person']);
      expect(names(b)).toEqual(['Ada King']);
    });

    test('is sent in its current state: two changes arrive as one', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      await b.read();
      const person = a.enrol('Ada Lovelace');
      for (let i = 0; i < 5; i++) a.box.append('person', { change: 'updated' }, { person, name: `Ada ${i}` });
      await a.send();
      expect((await b.read()).filter((c) => c.kind === 'person')).toHaveLength(1);
      expect(names(b)).toEqual(['Ada 4']);
    });

    test('removes only the templates that a kiosk removed', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace', { count: 3 });
      const [gone] = a.box.events.at(-1)!.personal.templates!.value as TemplateValue[];
      await a.send();
      await b.read();
      a.box.append(
        'template',
        { change: 'removed', model: 'arc', count: 1 },
        { person, templates: [{ id: gone!.id }] },
      );
      await a.send();
      await b.read();
      expect(b.templates.get(`${person} arc`)).toHaveLength(2);
      expect(b.templates.get(`${person} arc`)!.some((t) => t.id === gone!.id)).toBe(false);
    });

    test('can not replace another person’s template by naming its id', async () => {
      const a = await Kiosk.at(site);
      const ada = a.enrol('Ada Lovelace', { count: 1 });
      const [hers] = a.box.events.at(-1)!.personal.templates!.value as TemplateValue[];
      await a.send();
      const mallory = a.enrol('Mallory', { count: 0 });
      const vector = randomBytes(2048).toString('base64url');
      a.box.append(
        'template',
        { change: 'added', model: 'arc', count: 1 },
        { person: mallory, templates: [{ id: hers!.id, pose: 'front', vector }] },
      );
      await a.send();
      await a.read();
      expect(a.templates.get(`${ada} arc`)).toEqual([hers]);
      expect(a.templates.get(`${mallory} arc`) ?? []).toEqual([]);
    });
  });

  describe('templates and consent', () => {
    test('without a consent templates are neither stored nor forwarded; they follow once it arrives', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace', { consent: false });
      await a.send();
      await b.read();
      expect(names(b)).toEqual(['Ada Lovelace']);
      expect([b.templates.size, (await rows(person)).length]).toEqual([0, 0]);
      a.box.consent(person, 'given');
      await a.send();
      await b.read();
      expect(b.templates.get(`${person} arc`)).toHaveLength(2);
    });

    test('a template is stored once: it leaves the event log, whose chain stays intact', async () => {
      const a = await Kiosk.at(site);
      const person = a.enrol('Ada Lovelace');
      await a.send();
      expect([(await rows(person)).length, await inEventLog(person)]).toEqual([2, 0]);
      const chain = await database.db.selectFrom('event').select('chain').where('device', '=', a.id).execute();
      expect(chain.map((e) => e.chain)).toEqual(['whole', 'whole', 'whole']);
    });

    test('a withdrawal deletes templates everywhere, and late ones are dropped', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      for (const kiosk of [a, b]) await kiosk.read();
      b.box.consent(person, 'withdrawn');
      await b.send();
      for (const kiosk of [a, b]) {
        await kiosk.read();
        expect(kiosk.templates.get(`${person} arc`)).toEqual([]);
      }
      // The first kiosk hasn't received the change yet.
      a.box.templates(person);
      await a.send();
      expect([(await rows(person)).length, await inEventLog(person)]).toEqual([0, 0]);
      expect((await a.read()).filter((c) => c.kind === 'templates')).toEqual([
        { kind: 'templates', person, model: 'arc', templates: [] },
      ]);
      a.box.consent(person, 'given');
      a.box.templates(person);
      await a.send();
      await b.read();
      expect(b.templates.get(`${person} arc`)).toHaveLength(1);
    });

    test('a withdrawal also reaches a kiosk through a snapshot', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      await b.read();
      a.box.consent(person, 'withdrawn');
      await a.send();
      b.cursor = '';
      await b.read();
      expect([names(b), b.templates.get(`${person} arc`)]).toEqual([['Ada Lovelace'], []]);
    });

    test('a consent given before a withdrawal does not undo it, whenever it arrives and whatever its clock says', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace', { consent: false });
      await a.send();
      b.box.consent(person, 'given', new Date(Date.now() + 86_400_000));
      await b.send();
      await new Promise((resolve) => setTimeout(resolve, 5));
      a.box.consent(person, 'withdrawn');
      await a.send();
      expect(await rows(person)).toEqual([]);
      b.box.consent(person, 'given', new Date(Date.now() - 60_000));
      await b.send();
      expect(await rows(person)).toEqual([]);
    });
  });

  describe('sites', () => {
    test('a person assigned to another site is removed from the first and complete at the second', async () => {
      const other = await newSite();
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(other)];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      for (const kiosk of [a, b]) await kiosk.read();
      await assignToSites(database.db, person, [other], new Date());
      expect(await a.read()).toEqual([{ kind: 'removed', person }]);
      expect((await b.read()).map((c) => c.kind)).toEqual(['person', 'templates']);
      await assignToSites(database.db, person, [site, other], new Date());
      await a.read();
      expect([names(a), a.templates.get(`${person} arc`)?.length]).toEqual([['Ada Lovelace'], 2]);
      expect(await b.read()).toEqual([]);
    });

    test('a device without a site belongs to the default site', async () => {
      const id = randomUUID();
      await database.db
        .insertInto('site')
        .values({ id, name: 'Main', time_zone: 'Europe/Berlin', is_default: true })
        .execute();
      const [a, b] = [await Kiosk.at(null), await Kiosk.at(id)];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      await b.read();
      expect(b.people.has(person)).toBe(true);
      await database.db.updateTable('device').set({ site: null }).where('id', '=', b.id).execute();
      await database.db.deleteFrom('site').where('id', '=', id).execute();
    });
  });
});

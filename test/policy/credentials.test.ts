import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { Receipt } from '../../electron/contract/methods.ts';
import { createClaims } from '../../electron/core/checkin-methods/claims.ts';
import { createCredentialCheckin } from '../../electron/core/checkin-methods/service.ts';
import { createCardService } from '../../electron/core/enrolment/cards.ts';
import { createPinGuard } from '../../electron/core/pin/guard.ts';
import { methodsOf, readIssuers, readPolicy, wantsFace } from '../../electron/core/site/policy.ts';
import type { SqlStore } from '../../electron/core/store/store.ts';
import type { Credentials, IssuedPinCode, OwnCode, PrintableCard } from '../../sync/protocol/api/credentials.ts';
import type { Person, PersonHistory } from '../../sync/protocol/api/people.ts';
import { readOwnCode } from '../../sync/protocol/seal/own-code.ts';
import { pinCodeHash } from '../../sync/protocol/seal/pin-code.ts';
import { Change } from '../../sync/protocol/wire/changes.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { addAccount } from '../../sync/server/core/accounts/accounts.ts';
import { leftoversJob } from '../../sync/server/core/accounts/module.ts';
import { keepCardTemplate, readCardTemplates } from '../../sync/server/core/templates/templates.ts';
import { mergePeople } from '../../sync/server/features/attendance/merging/merge.ts';
import { dropTemplatesWithoutSite } from '../../sync/server/features/privacy/retention/faces-off.ts';
import { keysChanged } from '../../sync/server/platform/changes/log.ts';
import { openHalf } from '../../sync/server/platform/keys/personal.ts';
import { personBox } from '../../sync/server/platform/keys/persons.ts';
import { retireKeys, succeedKey } from '../../sync/server/platform/keys/succession.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { registerKiosk } from '../kit/known-kiosk.ts';
import { newPerson } from '../kit/person.ts';
import { SITE } from '../kit/services.ts';
import { type Opened, withApi } from '../kit/suite.ts';
import { codeOf, heldClock, newFolder, openKiosk } from '../store/kiosk.ts';
import { closeErasures } from '../sync/erasing.ts';

const NOW = new Date('2026-07-20T10:00:00.000Z');
let opened: Opened;
let api: Api;

describe.each(DATABASES)('cards, badges and own codes on $name', (on) => {
  withApi(on, { now: NOW }, (o) => {
    opened = o;
    api = o.api;
  });

  const make = (name: string, badge?: string) =>
    api.ask<Person>('POST', '/api/people', { body: { name, ...(badge && { badge }) } });

  /** A real kiosk's store and check-in methods, fed with the server's own pages. */
  async function door() {
    const store: SqlStore = await openKiosk(newFolder(), {}, { clock: heldClock(NOW.getTime()) });
    const { device } = await registerKiosk(api.db, { site: SITE.id, device: store.device });
    const admitted: string[] = [];
    const checkinMethods = createCredentialCheckin({
      store,
      guard: createPinGuard({ store, now: () => api.now.getTime() }),
      staff: { require: () => ({ member: null, actor: null }) },
      claims: createClaims(() => 0),
      admit: async (person) => {
        admitted.push(person.id);
        return { checkin: randomUUID() } as Receipt;
      },
      offered: () => methodsOf(readPolicy(store.roster.policy)),
      withFace: (method) => wantsFace(readPolicy(store.roster.policy), method),
      model: () => ({ model: 'test', length: 512 }),
      faceOff: () => null,
      issuers: () => readIssuers(store.roster.issuers),
      now: () => api.now.getTime(),
      blind: randomBytes(32),
    });
    return {
      device,
      store,
      admitted,
      /** @returns kinds of changes in the page */
      async sync(): Promise<string[]> {
        return (await opened.api.readInto(store)).map((c) => c.kind);
      },
      /** Staff at the kiosk print a card. @returns its content */
      async print(person: string): Promise<string> {
        const staff = { require: () => ({ member: null, actor: null }) };
        const offered = () => methodsOf(readPolicy(store.roster.policy));
        const off = () => false;
        const desk = createCardService({
          store,
          staff,
          offered,
          withFace: off,
          onCards: off,
          changed: () => undefined,
        });
        return (await desk.cardIssue({ token: '', person, replace: false })).card.text;
      },
      /** Sends its events to the server. */
      send: () => opened.api.sendFrom(store),
      read: (text: string) => checkinMethods.read(text).then((a) => a.kind),
      refused: (text: string) => codeOf(() => checkinMethods.read(text)),
    };
  }

  test('a code from a person’s own page works once at each kiosk, offline, and at no kiosk of another server', async () => {
    const ada = await make('Ada');
    const me = api.actorOf('person', ada.id);
    const [west, east] = [await door(), await door()];
    await west.sync();
    await east.sync();
    const code = await api.ask<OwnCode>('POST', '/api/me/qr', { as: me });
    expect((await api.lastAudit()).route).toBe('POST /api/me/qr');
    expect(Date.parse(code.expiresAt) - Date.parse(code.issuedAt)).toBe(60_000);
    expect([await west.read(code.text), await east.read(code.text)]).toEqual(['welcome', 'welcome']);
    expect(await west.refused(code.text)).toBe('code-used');
    expect(west.admitted).toEqual([ada.id]);
    api.now = new Date(NOW.getTime() + 90_001);
    expect(await (await door()).refused(code.text)).toBe('code-unknown'); // has no issuer yet
    const late = await door();
    await late.sync();
    expect(await late.refused(code.text)).toBe('code-expired');
  });

  test('a new issuer takes over when the old one is retired, and every kiosk has it by then', async () => {
    const ada = await make('Ada');
    const west = await door();
    await west.sync();
    const announce = (tx: Parameters<typeof keysChanged>[0]) => keysChanged(tx, api.now, 'qr');
    const code = async () => {
      await api.keyring.refresh();
      return (await api.ask<OwnCode>('POST', '/api/me/qr', { as: api.actorOf('person', ada.id) })).text;
    };
    const [old] = api.keyring.issuers;
    await succeedKey(api.db, api.keys, 'qr', Date.now(), announce);
    expect(readOwnCode(await code(), [old!])).not.toBeNull();
    expect(await west.read(await code())).toBe('welcome'); // hasn't received it yet
    expect(await west.sync()).toEqual(['issuers']);
    await retireKeys(api.db, api.keys, 'qr', Date.now(), announce);
    expect(readOwnCode(await code(), [old!])).toBeNull();
    expect(await west.read(await code())).toBe('welcome');
    await west.sync();
    expect(await west.read(await code())).toBe('welcome');
    expect(readIssuers(west.store.roster.issuers)).toEqual(api.keyring.issuers);
  });

  test('a card works until it is revoked by staff or its owner, and its code is sent only once', async () => {
    const ada = await make('Ada');
    const west = await door();
    await west.sync();
    const url = `/api/people/${ada.id}`;
    const email = `${randomUUID()}@example.org`;
    const { id } = await api.db
      .transaction()
      .execute((tx) => addAccount(tx, api.keys, { role: 'staff', email }, api.now));
    const desk = api.actorOf('staff', id);
    const card = await api.ask<PrintableCard>('POST', `${url}/cards`, { as: desk });
    expect(card).toMatchObject({ name: 'Ada', number: null });
    expect(await west.sync()).toEqual(['credentials']);
    expect(await west.read(card.text)).toBe('welcome');
    const listed = await api.ask<Credentials>('GET', `${url}/credentials`);
    expect(listed.items).toMatchObject([{ id: card.id, kind: 'card', number: null, revokedAt: null }]);
    expect(JSON.stringify(listed)).not.toContain(card.text.slice(5));
    const lost = await api.ask<PrintableCard>('POST', `${url}/cards`);
    await api.ask('DELETE', `${url}/credentials/${card.id}`, { as: desk });
    await west.sync();
    expect([await west.refused(card.text), await west.read(lost.text)]).toEqual(['code-unknown', 'welcome']);
    const me = api.actorOf('person', ada.id);
    const mine = await api.ask<Credentials>('DELETE', `/api/me/credentials/${lost.id}`, { as: me });
    expect(mine.items.map((c) => c.revokedAt !== null)).toEqual([true, true]);
    const { items } = await api.ask<PersonHistory>('GET', `${url}/history`);
    expect(items.flatMap((i) => (i.what === 'credential' ? `${i.change} by ${i.email ?? i.via}` : [])).sort()).toEqual(
      [`issued by ${email}`, `revoked by ${email}`, 'issued by staff', 'revoked by person'].sort(),
    );
    await west.sync();
    expect(await west.refused(lost.text)).toBe('code-unknown');
    const other = api.actorOf('person', (await make('Eve')).id);
    expect(await codeOf(() => api.ask('DELETE', `/api/me/credentials/${lost.id}`, { as: other }))).toBe(
      'credential-unknown',
    );
  });

  test('the main badge and additional ones work, and their number per person is limited', async () => {
    const number = randomUUID().slice(0, 8);
    const ada = await make('Ada', `A-${number}`);
    const west = await door();
    await west.sync();
    await api.ask('POST', `/api/people/${ada.id}/badges`, { body: { number: `B-${number}` } });
    await west.sync();
    expect([await west.read(`A-${number}`), await west.read(`b-${number}`)]).toEqual(['welcome', 'welcome']);
    await api.ask('PATCH', `/api/people/${ada.id}`, { body: { badge: null } });
    await west.sync();
    expect([await west.refused(`A-${number}`), await west.read(`B-${number}`)]).toEqual(['badge-unknown', 'welcome']);
    for (let i = 0; i < 18; i++) await api.ask('POST', `/api/people/${ada.id}/cards`);
    expect(await codeOf(() => api.ask('POST', `/api/people/${ada.id}/cards`))).toBe('too-many-credentials');
  });

  test('a merge moves cards and badges to the person kept, and an erasure deletes them', async () => {
    const number = randomUUID().slice(0, 8);
    const [kept, merged] = [await make('Ada', `A-${number}`), await make('Ada L.', `B-${number}`)];
    const card = await api.ask<PrintableCard>('POST', `/api/people/${merged.id}/cards`);
    await api.ask('POST', `/api/people/${merged.id}/badges`, { body: { number } });
    const west = await door();
    await west.sync();
    await mergePeople(
      { db: api.db, keys: api.keys, modules: MODULES },
      { kept: kept.id, merged: merged.id, by: 'staff' },
      NOW,
    );
    await west.sync();
    for (const text of [card.text, number, `A-${number}`, `B-${number}`]) expect(await west.read(text)).toBe('welcome');
    expect(west.admitted).toEqual([kept.id, kept.id, kept.id, kept.id]);
    const box = await api.kiosk();
    box.append('person', { change: 'deleted' }, { person: kept.id }, NOW);
    await api.deliver(box);
    await closeErasures(api.db, api.keys);
    await west.sync();
    expect(await west.refused(card.text)).toBe('code-unknown');
    const rows = await api.db
      .selectFrom('credential')
      .selectAll()
      .where('person', 'in', [kept.id, merged.id])
      .execute();
    expect(rows).toEqual([]);
  });

  test('a merge keeps only as many of the newest cards and badges as a kiosk accepts', async () => {
    const [kept, merged] = [await make('Ada'), await make('Ada L.')];
    const cards: PrintableCard[] = [];
    for (const person of [merged, kept])
      for (let i = 0; i < 11; i++) cards.push(await api.ask<PrintableCard>('POST', `/api/people/${person.id}/cards`));
    await mergePeople(
      { db: api.db, keys: api.keys, modules: MODULES },
      { kept: kept.id, merged: merged.id, by: '' },
      NOW,
    );
    const sent = (await opened.api.changesFor((await api.kiosk()).device)).changes.filter(
      ({ kind }) => kind === 'credentials',
    );
    expect(sent.map((change) => Change.safeParse(change).error)).toEqual(sent.map(() => undefined));
    const west = await door();
    await west.sync();
    expect(await west.read(cards.at(-1)!.text)).toBe('welcome');
    expect(await west.refused(cards[0]!.text)).toBe('code-unknown');
  });

  test('a card printed by a kiosk works there at once, and at others from their next page, until it is revoked', async () => {
    const ada = await make('Ada');
    const url = `/api/people/${ada.id}/credentials`;
    const [west, east] = [await door(), await door()];
    await west.sync();
    await east.sync();
    const card = await west.print(ada.id);
    expect([await west.read(card), await east.refused(card)]).toEqual(['welcome', 'code-unknown']);
    await west.send();
    await east.sync();
    expect(await east.read(card)).toBe('welcome');
    const listed = await api.ask<Credentials>('GET', url);
    expect(listed.items).toMatchObject([{ kind: 'card', number: null, revokedAt: null }]);
    // Its hash is stored in one place, which a revocation empties.
    const { rows } = await sql<{ id: string; person: string; personal: Buffer; gps: null }>`
      select id, person, personal, gps from event
      where device = ${west.device}::uuid and type = 'credential' and personal is not null`.execute(api.db);
    const box = await personBox(api.db, api.keys, [ada.id]);
    expect(rows.map((row) => Object.keys(openHalf(api.keys, box, row)))).toEqual([['person']]);
    await api.ask('DELETE', `${url}/${listed.items[0]!.id}`, { as: 'staff' });
    for (const one of [west, east]) await one.sync();
    expect([await west.refused(card), await east.refused(card)]).toEqual(['code-unknown', 'code-unknown']);
    // And the reverse: staff at a kiosk revoke what the console printed.
    const printed = await api.ask<PrintableCard>('POST', `/api/people/${ada.id}/cards`);
    await west.sync();
    expect(await west.read(printed.text)).toBe('welcome');
    west.store.people.issueCard(ada.id, null, true);
    await west.send();
    await east.sync();
    expect(await east.refused(printed.text)).toBe('code-unknown');
    expect((await api.ask<Credentials>('GET', url)).items.every((c) => c.revokedAt !== null)).toBe(true);
  });

  test('a card reported after its person’s erasure belongs to nobody; above the limit the oldest is dropped', async () => {
    const [ada, eve] = [await make('Ada'), await make('Eve')];
    const west = await door();
    await west.sync();
    for (let i = 0; i < 19; i++) await api.ask('POST', `/api/people/${eve.id}/cards`);
    const [late, full] = [await west.print(ada.id), await west.print(eve.id)];
    const box = await api.kiosk();
    box.append('person', { change: 'deleted' }, { person: ada.id }, NOW);
    await api.deliver(box);
    await closeErasures(api.db, api.keys);
    await west.send();
    const left = (person: string) =>
      api.db.selectFrom('credential').select(['id', 'hash', 'device']).where('person', '=', person).execute();
    expect(await left(ada.id)).toEqual([]);
    expect((await left(eve.id)).filter((c) => c.hash)).toHaveLength(19);
    const { items } = await api.ask<PersonHistory>('GET', `/api/people/${eve.id}/history`);
    expect(items.filter((i) => i.change === 'revoked')).toMatchObject([{ what: 'credential', via: 'kiosk' }]);
    await west.sync();
    expect([await west.refused(late), await west.read(full)]).toEqual(['code-unknown', 'welcome']);
  });

  test('a PIN code is sent once to every kiosk of its person', async () => {
    const number = randomUUID().slice(0, 8);
    const ada = await api.ask<Person>('POST', '/api/people', { body: { name: 'Ada', number } });
    const url = `/api/people/${ada.id}/pin-code`;
    const west = await door();
    await west.sync();
    const issued = await api.ask<IssuedPinCode>('POST', url, { as: 'staff' });
    expect(issued).toMatchObject({ name: 'Ada', number });
    const shown = await api.ask('GET', url, { as: 'staff' });
    expect(shown).toEqual({ code: { issuedAt: issued.issuedAt, expiresAt: issued.expiresAt }, pin: null });
    expect(await west.sync()).toEqual(['pinCode']);
    expect(west.store.pins.code(ada.id, NOW.getTime())).toBe(pinCodeHash(ada.id, issued.code));
    const east = await door();
    await east.sync(); // a snapshot contains it too
    expect(east.store.pins.code(ada.id, NOW.getTime())).toBe(pinCodeHash(ada.id, issued.code));
    const row = await api.db.selectFrom('pin_code').selectAll().where('person', '=', ada.id).executeTakeFirstOrThrow();
    expect(Buffer.from(row.sealed).includes(pinCodeHash(ada.id, issued.code))).toBe(false);
    // A second one replaces the first. After it is withdrawn, there is none.
    const second = await api.ask<IssuedPinCode>('POST', url);
    await west.sync();
    expect(west.store.pins.code(ada.id, NOW.getTime())).toBe(pinCodeHash(ada.id, second.code));
    await api.ask('DELETE', url, { as: 'staff' });
    await west.sync();
    await east.sync();
    for (const { store } of [west, east]) expect(store.pins.code(ada.id, NOW.getTime())).toBeNull();
    const nameless = await make('Eve');
    expect(await codeOf(() => api.ask('POST', `/api/people/${nameless.id}/pin-code`))).toBe('pin-without-number');
  });

  test('a PIN code is deleted with its person, and when it expires', async () => {
    const number = () => randomUUID().slice(0, 8);
    const [ada, eve] = [
      await api.ask<Person>('POST', '/api/people', { body: { name: 'Ada', number: number() } }),
      await api.ask<Person>('POST', '/api/people', { body: { name: 'Eve', number: number() } }),
    ];
    for (const { id } of [ada, eve]) await api.ask('POST', `/api/people/${id}/pin-code`);
    const left = async () =>
      (await api.db.selectFrom('pin_code').select('person').where('person', 'in', [ada.id, eve.id]).execute()).map(
        (r) => r.person,
      );
    const box = await api.kiosk();
    box.append('person', { change: 'deleted' }, { person: ada.id }, NOW);
    await api.deliver(box);
    await closeErasures(api.db, api.keys);
    expect(await left()).toEqual([eve.id]);
    api.now = new Date(NOW.getTime() + 7 * 86_400_000);
    expect(await api.ask('GET', `/api/people/${eve.id}/pin-code`)).toEqual({ code: null, pin: null });
    await leftoversJob.run({ ...api.services, signal: new AbortController().signal });
    expect(await left()).toEqual([]);
  });

  test('kiosks get templates that only the person’s card opens, where the site keeps templates on cards; a withdrawn consent deletes them', async () => {
    const box = await api.kiosk();
    const ada = newPerson(box, 'Ada', NOW, randomUUID().slice(0, 8));
    await api.deliver(box);
    const west = await door();
    const url = `/api/sites/${SITE.id}/policy`;
    await api.ask('PUT', url, { body: { leaseDays: 30, templates: 'card' } });
    await west.sync();
    expect(west.store.templates.of(ada, 'test')).toEqual([]);
    expect(await dropTemplatesWithoutSite(api.db, api.keys, NOW)).toBeGreaterThan(0);
    expect(await api.db.selectFrom('template').select('id').where('person', '=', ada).execute()).toEqual([]);

    const card = { id: randomUUID(), sealed: randomBytes(2076).toString('base64url') };
    box.append('template', { change: 'added', model: 'test', count: 1 }, { person: ada, card }, NOW);
    // A usable template is not accepted from there, no matter who sends it.
    const vector = randomBytes(2048).toString('base64url');
    const templates = [{ id: randomUUID(), pose: 'front', vector }];
    box.append('template', { change: 'added', model: 'test', count: 1 }, { person: ada, templates }, NOW);
    await api.deliver(box);
    await west.sync();
    expect(west.store.templates.onCard(ada)).toMatchObject({ ...card, model: 'test' });
    expect(await api.db.selectFrom('template').select('id').where('person', '=', ada).execute()).toEqual([]);
    expect(await dropTemplatesWithoutSite(api.db, api.keys, NOW)).toBe(0); // the ciphertext is kept

    await api.ask('POST', '/api/me/consent/withdraw', { as: api.actorOf('person', ada) });
    await west.sync();
    expect(west.store.templates.onCard(ada)).toBeNull();
    expect((await readCardTemplates(api.db, api.keys, [ada])).size).toBe(0);
    await api.ask('PUT', url, { body: { leaseDays: 30 } });
  });

  test('a card older than the current one is ignored', async () => {
    const ada = (await make('Ada')).id;
    const [old, present] = ['o', 'p'].map((c) => ({ id: randomUUID(), sealed: c.repeat(3000) }));
    const keep = (card: typeof old, ms: number) =>
      api.db
        .transaction()
        .execute((tx) =>
          keepCardTemplate(tx, api.keys, { person: ada, model: 'm', card: card!, device: null }, new Date(ms)),
        );
    await keep(present, 2000);
    await keep(old, 1000);
    expect((await readCardTemplates(api.db, api.keys, [ada])).get(ada)?.card?.id).toBe(present!.id);
  });

  test('a policy that allows only faces is refused; a valid one reaches the kiosk', async () => {
    const url = `/api/sites/${SITE.id}/policy`;
    for (const body of [
      { leaseDays: 30, checkinMethods: ['face'] },
      { leaseDays: 30, checkinMethods: ['face', 'qr', 'badge'], withFace: ['qr', 'badge'] },
    ])
      expect(await codeOf(() => api.ask('PUT', url, { body }))).toBe('checkin-method-required');
    await api.ask('PUT', url, {
      body: { leaseDays: 30, checkinMethods: ['badge', 'qr'], withFace: ['qr'], templates: 'card' },
    });
    await make('Ada', randomUUID());
    const west = await door();
    expect(new Set(await west.sync())).toContain('credentials');
    expect(readPolicy(west.store.roster.policy)).toMatchObject({ checkinMethods: ['badge', 'qr'], withFace: ['qr'] });
    await api.ask('PUT', url, { body: { leaseDays: 30 } });
  });
});

import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { cardHash } from '../../../sync/protocol/seal/card-code.ts';
import { checkEvent } from '../../../sync/protocol/seal/event.ts';
import { type Change, MAX_CREDENTIALS } from '../../../sync/protocol/wire/changes.ts';
import { aPerson, codeOf, newFolder, openKiosk } from '../../../test/store/kiosk.ts';
import type { SqlStore } from '../store/store.ts';
import { type CardDeps, createCardService } from './cards.ts';

/* Cards that are printed at the kiosk, on a real store. */

const TOKEN = 'T'.repeat(43);
let store: SqlStore;
let ada: string;

beforeEach(async () => {
  store = await openKiosk(newFolder());
  ada = (await store.people.add(aPerson())).id;
});

const service = (change: Partial<CardDeps> = {}) =>
  createCardService({
    store,
    staff: { require: () => ({ member: null, actor: null }) },
    offered: () => ['pin', 'badge'],
    withFace: () => false,
    onCards: () => false,
    changed: () => undefined,
    ...change,
  });
const issue = (replace = false, person = ada) => service().cardIssue({ token: TOKEN, person, replace });
const opens = (text: string) => store.people.byCredential({ kind: 'card', value: cardHash(text)! })?.id ?? null;
const notified = () =>
  store.outbox
    .pending(100)
    .filter((e) => e.header.type === 'credential')
    .map((e) => [(e.header.open as { change: string }).change, e.personal.bearer?.value] as const);
const page = (changes: Change[]) => store.roster.apply({ whole: false, more: false, cursor: 'c', changes });

test('a card works immediately, and after a restart; the server gets its hash and nothing that opens', async () => {
  const { card, person } = await issue();
  expect(card).toMatchObject({ name: 'Ada Lovelace', number: null });
  expect(opens(card.text)).toBe(ada);
  expect(person.cards).toBe(1);
  expect(notified()).toEqual([['issued', { id: card.id, hash: cardHash(card.text) }]]);
  expect(JSON.stringify(store.outbox.pending(100))).not.toContain(card.text.slice(5));
  for (const event of store.outbox.pending(100)) checkEvent(event, event.header);
  expect((await store.check()).problems).toEqual([]);
});

test('a new card replaces the others if requested; and all can be revoked', async () => {
  const first = (await issue()).card.text;
  const second = (await issue()).card.text;
  expect([opens(first), opens(second)]).toEqual([ada, ada]);
  const third = (await issue(true)).card.text;
  expect([opens(first), opens(second), opens(third)]).toEqual([null, null, ada]);
  expect(notified().map(([change]) => change)).toEqual(['issued', 'issued', 'revoked', 'revoked', 'issued']);
  // A revoked card is named, and none of its secrets are sent again.
  expect(notified()[2]![1]).toEqual({ id: (notified()[0]![1] as { id: string }).id });
  expect(await service().cardRevoke({ token: TOKEN, person: ada })).toEqual({ revoked: 1 });
  expect(opens(third)).toBeNull();
  expect(store.people.get(ada)?.cards).toBe(0);
});

test('the server decides once it has received the card: revoked there, it opens nothing here', async () => {
  const { text } = (await issue()).card;
  const none: Change = { kind: 'credentials', person: ada, cards: [], badges: [] };
  await page([none]);
  expect(opens(text)).toBe(ada); // the server did not know about it yet
  store.outbox.acknowledge(store.epoch, { committed: store.outbox.count(), safe: 0 });
  await page([none]);
  expect(opens(text)).toBeNull();
});

test('a deleted or erased person leaves no card', async () => {
  const texts = [(await issue()).card.text];
  await store.people.delete(ada);
  const eve = (await store.people.add(aPerson())).id;
  texts.push((await issue(false, eve)).card.text);
  await page([{ kind: 'erase', request: randomUUID(), person: eve }]);
  expect(texts.map(opens)).toEqual([null, null]);
  const left = store.outbox.pending(100).flatMap((e) => Object.keys(e.personal));
  expect(left).not.toContain('bearer');
  expect(store.session.db.prepare('SELECT count(*) FROM credential').pluck().get()).toBe(0);
});

test('no card is printed that admits nobody, and nobody has more than the server sends to kiosks', async () => {
  const refused = (deps: Partial<CardDeps>) =>
    codeOf(() => service(deps).cardIssue({ token: TOKEN, person: ada, replace: false }));
  expect(await refused({ offered: () => ['pin'] })).toBe('method-not-offered');
  expect(await refused({ withFace: () => true, onCards: () => true })).toBe('templates-on-card');
  expect(await codeOf(() => issue(false, randomUUID()))).toBe('person-unknown');
  for (let i = 0; i < MAX_CREDENTIALS - 1; i++) await issue();
  expect(await codeOf(() => issue())).toBe('too-many-credentials');
  await expect(issue(true)).resolves.toBeDefined();
});

import { z } from 'zod';
import { Credentials, NewBadge, OwnCode, PrintableCard } from '../../../protocol/api/credentials.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { type RouteSpec, route } from '../../platform/access/route.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { self } from '../people/self.ts';
import { requireShown } from '../people/shown.ts';
import { issueOwnCode } from './codes.ts';
import { addBadge, credentialsOf, issueCard, revokeCredential } from './store.ts';

const One = z.strictObject({ person: Uuid });
const OneOf = z.strictObject({ person: Uuid, credential: Uuid });
const OFFICE = ['admin', 'staff'] as const;
const DATA = ['credential', 'person.badge'];

const list = route({
  method: 'GET',
  path: '/api/people/:person/credentials',
  summary: 'Cards and badges of a person, revoked ones too; what a card carries is never shown',
  roles: ['admin', 'dpo', 'staff'],
  data: DATA,
  action: 'read',
  params: One,
  answer: Credentials,
  errors: ['person-unknown'],
  async handle({ tx, services: { keys }, params: { person }, about }) {
    about([person]);
    await requireShown(tx, keys, person);
    return shown(tx, keys, person);
  },
});

const card = route({
  method: 'POST',
  path: '/api/people/:person/cards',
  summary: 'Issue a card: all that is printed on it. Its code is shown this once; anyone who holds it is let in by it',
  roles: OFFICE,
  data: ['credential', 'person.name', 'person.number'],
  action: 'write',
  params: One,
  answer: PrintableCard,
  errors: ['person-unknown', 'too-many-credentials'],
  async handle({ tx, services: { keys }, params: { person }, now, about, on, notify }) {
    about([person]);
    const { name, number } = await requireShown(tx, keys, person);
    const made = await issueCard(tx, person, now);
    on(made.id);
    notify('change');
    return { ...made, name, number, issuedAt: now.toISOString() };
  },
});

const badge = route({
  method: 'POST',
  path: '/api/people/:person/badges',
  summary: 'Give a person a further badge, by its number',
  roles: OFFICE,
  data: DATA,
  action: 'write',
  params: One,
  body: NewBadge,
  answer: Credentials,
  errors: ['person-unknown', 'too-many-credentials'],
  async handle({ tx, services: { keys }, params: { person }, body: { number }, now, about, notify }) {
    about([person]);
    await requireShown(tx, keys, person);
    await addBadge(tx, keys, { person, number }, now);
    notify('change');
    return shown(tx, keys, person);
  },
});

const revoke = route({
  method: 'DELETE',
  path: '/api/people/:person/credentials/:credential',
  summary: 'Revoke a card or badge: it opens nothing any more at kiosks that hear of it',
  roles: OFFICE,
  data: DATA,
  action: 'delete',
  params: OneOf,
  answer: Credentials,
  errors: ['person-unknown', 'credential-unknown'],
  async handle({ tx, services: { keys }, params: { person, credential: id }, now, about, on, notify }) {
    about([person]);
    on(id);
    await requireShown(tx, keys, person);
    await revokeCredential(tx, { person, id }, now);
    notify('change');
    return shown(tx, keys, person);
  },
});

const myCode = route({
  method: 'POST',
  path: '/api/me/qr',
  summary: 'A code to check in with: for a minute, once at each kiosk',
  roles: ['person'],
  data: ['credential'],
  action: 'write',
  answer: OwnCode,
  limit: { max: 20, perMs: 60_000 },
  async handle({ tx, services: { keys, keyring }, actor, now, about }) {
    const person = self(actor, about);
    await requireShown(tx, keys, person);
    return issueOwnCode(keyring, person, now);
  },
});

const mine = route({
  method: 'GET',
  path: '/api/me/credentials',
  summary: 'My cards and badges',
  roles: ['person'],
  data: DATA,
  action: 'read',
  answer: Credentials,
  async handle({ tx, services: { keys }, actor, about }) {
    const person = self(actor, about);
    await requireShown(tx, keys, person);
    return shown(tx, keys, person);
  },
});

const revokeMine = route({
  method: 'DELETE',
  path: '/api/me/credentials/:credential',
  summary: 'I have lost this card or badge: it opens nothing any more',
  roles: ['person'],
  data: DATA,
  action: 'delete',
  params: z.strictObject({ credential: Uuid }),
  answer: Credentials,
  errors: ['credential-unknown'],
  async handle({ tx, services: { keys }, actor, params: { credential: id }, now, about, on, notify }) {
    const person = self(actor, about);
    on(id);
    await requireShown(tx, keys, person);
    await revokeCredential(tx, { person, id }, now);
    notify('change');
    return shown(tx, keys, person);
  },
});

export const credentialRoutes: readonly RouteSpec[] = [list, card, badge, revoke, myCode, mine, revokeMine];

async function shown(db: Db, keys: Keys, person: string): Promise<Credentials> {
  const all = await credentialsOf(db, keys, [person]);
  const onCard = await db
    .selectFrom('card_template')
    .select(['id', 'made_at'])
    .where('person', '=', person)
    .executeTakeFirst();
  return {
    templateCard: onCard ? { id: onCard.id, madeAt: onCard.made_at.toISOString() } : null,
    items: all.map(({ id, kind, number, issuedAt, revokedAt }) => ({
      id,
      kind,
      number,
      issuedAt: issuedAt.toISOString(),
      revokedAt: revokedAt?.toISOString() ?? null,
    })),
  };
}

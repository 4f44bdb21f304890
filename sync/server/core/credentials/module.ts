import type { ChangeOf, Reader } from '../../platform/changes/to-kiosks.ts';
import { findAll, remove } from '../../platform/database/rows.ts';
import type { OneEvent } from '../../platform/events.ts';
import { emptyLog } from '../../platform/keys/personal.ts';
import type { Reading } from '../../platform/my-data.ts';
import { deleteBy, type ServerModule } from '../../platform/server-module.ts';
import { selectRows } from '../people/rows.ts';
import { changesOf } from '../people/sites.ts';
import {
  keepPin,
  movePin,
  peppersChange,
  pinCodePlace,
  pinPlace,
  readPinCodes,
  readPins,
  spendPinCode,
} from './pins.ts';
import { credentialRoutes, pinCodeRoutes } from './routes.ts';
import { badgePlace, credentialsOf, keepKioskCard, moveCredentials } from './store.ts';

/** Exports credentials. Without a card's hash, which means nothing to the person; its code was never stored. */
async function* held({ tx, keys, names }: Reading) {
  for (const { id, kind, number, issuedAt, revokedAt } of await credentialsOf(tx, keys, names))
    yield { id, kind, number, issuedAt, revokedAt };
  const codes = await findAll(tx, 'pin_code', { person: names });
  for (const { id, issued_at, expires_at } of codes)
    yield { id, kind: 'pin-code', issuedAt: issued_at, expiresAt: expires_at };
  const pins = await findAll(tx, 'pin', { person: names });
  for (const { id, device, sealed, chosen_at } of pins)
    yield { id, kind: 'pin', device, chosenAt: chosen_at, counts: sealed !== null };
}

async function takeCard({ tx, keys, event, device, person, at, publish }: OneEvent<'credential'>): Promise<void> {
  const bearer = event.personal.bearer?.value;
  if (!person || !bearer) return;
  await keepKioskCard(tx, { person, device, change: event.header.open.change, ...bearer }, at);
  await emptyLog(tx, keys, [event.header.id]);
  publish(await changesOf(tx, person, 'credentials'));
}

async function takePin({ tx, keys, event, device, person, at, publish }: OneEvent<'pin'>): Promise<void> {
  const { change } = event.header.open;
  if (!person || change === 'locked') return;
  const pin = event.personal.pin?.value;
  const notify = await keepPin(tx, keys, { person, device, change, pin }, at);
  if (pin) await emptyLog(tx, keys, [event.header.id]);
  if (notify === 'device') publish([{ kind: 'pin', person, device }]);
  if (notify !== 'everyone') return;
  const spent = change === 'set' && (await spendPinCode(tx, person, at));
  publish(await changesOf(tx, person, 'pin', ...(spent ? (['pinCode'] as const) : [])));
}

async function credentialsForKiosks(
  { source: { db, keys } }: Reader,
  people: readonly string[],
): Promise<ChangeOf<'credentials'>[]> {
  const held = Map.groupBy(await credentialsOf(db, keys, people), (c) => c.person);
  return (await selectRows(db, keys, people)).flatMap(({ id, values }) => {
    const own = held.get(id) ?? [];
    const cards = own.flatMap((c) => (c.hash ? [{ id: c.id, hash: c.hash.toString('base64url') }] : []));
    const badges = [...new Set([values.badge, ...own.map((c) => c.number)])].filter((b) => typeof b === 'string');
    return cards.length + badges.length > 0 ? [{ kind: 'credentials' as const, person: id, cards, badges }] : [];
  });
}

async function pinsForKiosks(
  { source: { db, keys }, opened }: Reader,
  people: readonly string[],
): Promise<ChangeOf<'pin'>[]> {
  const pins = await readPins(db, keys, people);
  opened.note('pin', pins.keys());
  return [...pins.values()];
}

export const credentials: ServerModule = {
  events: { credential: { changes: 'credential' }, pin: { changes: 'pin' } },
  onEvent: { credential: takeCard, pin: takePin },
  endpoints: [...credentialRoutes, ...pinCodeRoutes],
  kioskChanges: {
    credentials: {
      people: credentialsForKiosks,
      nothing: (person) => ({ kind: 'credentials', person, cards: [], badges: [] }),
    },
    pinCode: {
      people: async ({ source: { db, keys } }, people) => [...(await readPinCodes(db, keys, people)).values()],
      nothing: (person) => ({ kind: 'pinCode', person, code: null }),
    },
    pin: { people: pinsForKiosks, nothing: (person) => ({ kind: 'pin', person, pin: null }) },
    pinPeppers: { state: ({ source: { db, keys } }) => peppersChange(db, keys) },
  },
  tables: {
    credential: {
      sealed: { by: 'person', columns: { number: (cell, person) => badgePlace(cell('id'), person) } },
      exported: 'credentials',
      merged: ({ tx, keys, kept, merged, now }) => moveCredentials(tx, keys, kept, merged, now),
      erased: deleteBy('person'),
    },
    pin: {
      sealed: {
        by: 'person',
        id: { person: 'uuid' },
        reads: ['id', 'pepper'],
        columns: { sealed: (cell, person) => pinPlace({ id: cell('id'), pepper: cell('pepper') }, person) },
      },
      exported: 'credentials',
      merged: ({ tx, keys, kept, merged }) => movePin(tx, keys, kept, merged),
      erased: deleteBy('person'),
    },
    pin_code: {
      sealed: { by: 'person', columns: { sealed: (cell, person) => pinCodePlace(cell('id'), person) } },
      exported: 'credentials',
      // A code belongs to the number it was issued for, which nobody uses any more.
      merged: async ({ tx, merged }) => {
        await remove(tx, 'pin_code', { person: merged });
      },
      erased: deleteBy('person'),
    },
  },
  myData: { credentials: held },
};

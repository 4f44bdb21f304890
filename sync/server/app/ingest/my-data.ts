import { Problem } from '../../../errors/problem.ts';
import type { SealingKeyLookup } from '../../../protocol/seal/message.ts';
import { openPosition } from '../../../protocol/seal/position.ts';
import type { WireEvent } from '../../../protocol/wire/event.ts';
import { openPhoto, type PhotoPlace, readPhoto } from '../../core/photos/store.ts';
import { byTimeOf, readPage } from '../../platform/access/list.ts';
import { findSorted } from '../../platform/database/rows.ts';
import { openHalf, openRefused } from '../../platform/keys/personal.ts';
import { personBox } from '../../platform/keys/persons.ts';
import { type PageAt, paged, type Reading } from '../../platform/my-data.ts';

/* A person’s own export of what kiosks reported: events, quarantined events, and photos. */

interface OpenedEvent {
  readonly id: string;
  /** When it happened, as far as the server can determine. */
  readonly at: Date;
  readonly header: WireEvent['header'];
  readonly person: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly receivedAt: string;
}

/** Yields what kiosks reported about this person, in the order in which it happened. */
async function* openedEvents({ tx, keys, names }: Reading): AsyncGenerator<OpenedEvent> {
  const box = await personBox(tx, keys, names);
  for (const person of names) {
    const said = tx
      .selectFrom('event')
      .select(['id', 'at', 'received_at', 'header', 'person', 'personal', 'gps'])
      .where('person', '=', person);
    const read = (of: PageAt) => readPage(tx, said, { by: { at: byTimeOf('at') }, id: 'id' }, { sort: 'at', ...of });
    for await (const row of paged(read)) {
      const half = openHalf(keys, box, row);
      const values = Object.fromEntries(Object.entries(half).map(([field, { value }]) => [field, value]));
      const header = row.header as WireEvent['header'];
      yield { id: row.id, at: row.at, header, person, values, receivedAt: row.received_at.toISOString() };
    }
  }
}

export async function* events(of: Reading) {
  for await (const { id, header, values, receivedAt } of openedEvents(of)) {
    // Without the key of a photo: the photo itself is exported.
    const { photoKey: _, ...sealed } = values;
    const opened = await withPosition(sealed, header.device, of.sealing);
    yield {
      id,
      type: header.type,
      device: header.device,
      at: header.at,
      open: header.open,
      values: opened,
      receivedAt,
    };
  }
}

/** Replaces a position by its coordinates. One that can't be decrypted (its key was destroyed) is left as stored. */
async function withPosition(
  values: Readonly<Record<string, unknown>>,
  device: string,
  lookup: SealingKeyLookup,
): Promise<Readonly<Record<string, unknown>>> {
  const { gps, person } = values;
  if (typeof gps !== 'string' || typeof person !== 'string') return values;
  try {
    return { ...values, gps: await openPosition(gps, { device, person }, lookup) };
  } catch (cause) {
    if (cause instanceof Problem) return values;
    throw cause;
  }
}

export async function* quarantined({ tx, keys, names }: Reading) {
  const box = await personBox(tx, keys, names);
  const rows = await findSorted(tx, 'quarantine', { person: names }, ['id']);
  for (const { content, digest, person, device, seq, reason, received_at } of rows)
    yield {
      device,
      seq: Number(seq),
      reason,
      receivedAt: received_at.toISOString(),
      content: content ? openRefused(keys, box, { digest, person, content }) : null,
    };
}

/** Yields photos as they were taken, in base64, one at a time. */
export async function* photos(of: Reading) {
  for await (const { id, at, header, person, values } of openedEvents(of)) {
    const { photo: address, photoKey: key } = values;
    if (typeof address !== 'string') continue;
    const kind = header.type === 'checkin' ? 'checkin' : 'enrolment';
    const sealed = await readPhoto(of.tx, address);
    const named = typeof values.person === 'string' ? values.person : person;
    const where = { kind, person: named, event: id } as const;
    const picture = sealed && typeof key === 'string' ? readable(sealed, key, where) : null;
    yield {
      event: id,
      kind,
      at: at.toISOString(),
      type: 'image/jpeg',
      // Null: it was deleted because of its age, has not arrived from the kiosk yet, or can't be decrypted.
      base64: picture?.toString('base64') ?? null,
    };
  }
}

/** Decrypts a photo. Null if it can't be, since one bad photo must not make the whole export fail. */
function readable(sealed: Uint8Array, key: string, where: PhotoPlace): Buffer | null {
  try {
    return openPhoto(sealed, key, where);
  } catch (cause) {
    if (cause instanceof Problem) return null;
    throw cause;
  }
}

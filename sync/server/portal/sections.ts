import type { Transaction } from 'kysely';
import type { SealingKeyLookup } from '../../protocol/seal/message.ts';
import { openPosition } from '../../protocol/seal/position.ts';
import type { WireEvent } from '../../protocol/wire/event.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import type { Actor } from '../access/actor.ts';
import { searchAttendance } from '../attendance/search.ts';
import { openNotes } from '../attention/notes.ts';
import { audited } from '../audit/opened.ts';
import { everyMatch } from '../audit/search.ts';
import { readCardTemplates } from '../changes/card-templates.ts';
import { readTemplates } from '../changes/templates.ts';
import { complaintsOf } from '../complaints/complaints.ts';
import { listConsents } from '../consents/list.ts';
import { listCorrections } from '../corrections/list.ts';
import { credentialsOf } from '../credentials/store.ts';
import type { Tables } from '../database/schema.ts';
import { openPhotos } from '../enrolment/photos.ts';
import { importedListsOf, importedPhotosOf } from '../imports/own.ts';
import { openHalf, openRefused } from '../ingest/personal.ts';
import type { Keys } from '../keys/envelope.ts';
import { personBox } from '../keys/persons.ts';
import { readMinor } from '../minors/minors.ts';
import { shownPeople } from '../people/shown.ts';
import { openPhoto, type PhotoPlace } from '../photos/open.ts';
import { readPhoto } from '../photos/store.ts';
import { listHolds } from '../retention/holds.ts';

/** Whose data is read, in the transaction of their request. */
export interface Reading {
  readonly tx: Transaction<Tables>;
  readonly keys: Keys;
  readonly actor: Actor;
  readonly person: string;
  /** Every name that they ever had here: more than one after a merge. */
  readonly names: readonly string[];
  readonly now: Date;
  /** The server's sealing keys: positions were sealed to them on the kiosk. */
  readonly sealing: SealingKeyLookup;
}

/** One part of a person's export: its rows, read as they are written. */
export interface Section {
  readonly name: string;
  rows(of: Reading): AsyncIterable<unknown>;
}

const PAGE = 500;

/**
 * What the registry's sections tell. Templates last: opening them leaves an audit row of its own, whose lock is held until
 * the transaction ends.
 */
export const SECTIONS: readonly Section[] = [
  { name: 'profile', rows: profile },
  { name: 'sites', rows: sites },
  { name: 'consents', rows: consents },
  { name: 'credentials', rows: credentials },
  { name: 'attendance', rows: attendance },
  { name: 'corrections', rows: corrections },
  { name: 'events', rows: events },
  { name: 'quarantined', rows: quarantined },
  { name: 'possibleDuplicates', rows: possibleDuplicates },
  { name: 'holds', rows: holds },
  { name: 'erasures', rows: erasures },
  { name: 'minor', rows: minor },
  { name: 'scores', rows: scores },
  { name: 'attention', rows: attention },
  { name: 'complaints', rows: complaints },
  { name: 'evacuations', rows: evacuations },
  { name: 'signIns', rows: signIns },
  { name: 'accesses', rows: accesses },
  { name: 'photos', rows: photos },
  { name: 'imports', rows: imports },
  { name: 'enrolmentPhotos', rows: enrolmentPhotos },
  { name: 'templates', rows: templates },
];

async function* profile({ tx, keys, person, names }: Reading) {
  yield { ...(await shownPeople(tx, keys, [person])).get(person), formerIds: names.filter((id) => id !== person) };
  const merges = await tx
    .selectFrom('person_merge')
    .select(['kept', 'merged', 'records', 'at'])
    .where((e) => e.or([e('kept', 'in', names), e('merged', 'in', names)]))
    .orderBy('at')
    .execute();
  for (const m of merges) yield { merge: { ...m, at: m.at.toISOString() } };
}

async function* sites({ tx, names }: Reading) {
  const rows = await tx
    .selectFrom('person_site as p')
    .leftJoin('site as s', 's.id', 'p.site')
    .select(['p.site', 'p.added_at', 's.name'])
    .where('p.person', 'in', names)
    .orderBy('p.added_at')
    .execute();
  for (const r of rows) yield { site: r.site, name: r.name, since: r.added_at.toISOString() };
}

async function* consents({ tx, keys, names }: Reading) {
  for (const person of names) {
    for (let after: { at: string; id: string } | null = null; ; ) {
      const page: Awaited<ReturnType<typeof listConsents>> = await listConsents(tx, keys, {
        person,
        limit: PAGE,
        after,
      });
      yield* page;
      const last = page.at(-1);
      if (page.length < PAGE || !last) break;
      after = { at: last.receivedAt, id: last.id };
    }
  }
}

/** What a card carries was never kept: its hash says nothing to anybody. */
async function* credentials({ tx, keys, names }: Reading) {
  for (const { id, kind, number, issuedAt, revokedAt } of await credentialsOf(tx, keys, names))
    yield { id, kind, number, issuedAt: issuedAt.toISOString(), revokedAt: revokedAt?.toISOString() ?? null };
  const codes = await tx.selectFrom('pin_code').selectAll().where('person', 'in', names).execute();
  for (const { id, issued_at, expires_at } of codes)
    yield { id, kind: 'pin-code', issuedAt: issued_at.toISOString(), expiresAt: expires_at.toISOString() };
  const pins = await tx.selectFrom('pin').selectAll().where('person', 'in', names).execute();
  for (const { id, device, sealed, chosen_at } of pins)
    yield { id, kind: 'pin', device, chosenAt: chosen_at.toISOString(), counts: sealed !== null };
}

/** With what they hold: the description of a face is as much the person's as their name. */
async function* templates({ tx, keys, actor, names, now }: Reading) {
  const added = new Map(
    (await tx.selectFrom('template').select(['id', 'added_at', 'device']).where('person', 'in', names).execute()).map(
      (r) => [r.id, r] as const,
    ),
  );
  const why = { actor, route: 'GET /api/gdpr/export/my-data' };
  const found = await audited(tx, keys, why, now, (opened) => readTemplates(tx, keys, opened, names));
  for (const [, models] of found)
    for (const [model, list] of models)
      for (const { id, pose, vector } of list) {
        const row = added.get(id);
        yield { id, model, pose, vector, addedAt: row?.added_at.toISOString(), device: row?.device };
      }
  for (const { model, card, madeAt } of (await readCardTemplates(tx, keys, names)).values())
    yield { onCard: card?.id, model, opensWithTheCardAlone: card?.sealed, addedAt: madeAt.toISOString() };
  const models = await tx.selectFrom('person_model').select('model').distinct().where('person', 'in', names).execute();
  for (const { model } of models) yield { kiosksMayHoldTemplatesOfModel: model };
  const moves = await tx
    .selectFrom('model_migration_person as p')
    .innerJoin('model_migration as m', 'm.id', 'p.migration')
    .select(['m.from_model', 'm.to_model', 'm.made_at', 'p.outcome', 'p.code'])
    .where('p.person', 'in', names)
    .execute();
  for (const m of moves)
    yield { movedFrom: m.from_model, to: m.to_model, at: m.made_at.toISOString(), outcome: m.outcome, code: m.code };
}

async function* attendance({ tx, names }: Reading) {
  for (const person of names) {
    for (let after: { at: string; id: string } | null = null; ; ) {
      const page: Awaited<ReturnType<typeof searchAttendance>> = await searchAttendance(tx, { person }, PAGE, after);
      yield* page;
      const last = page.at(-1);
      if (page.length < PAGE || !last) break;
      after = { at: last.at, id: last.id };
    }
  }
}

async function* corrections({ tx, keys, person }: Reading) {
  for (let after: { at: string; id: string } | null = null; ; ) {
    const page: Awaited<ReturnType<typeof listCorrections>> = await listCorrections(tx, keys, {
      person,
      limit: PAGE,
      after,
    });
    yield* page;
    const last = page.at(-1);
    if (page.length < PAGE || !last) break;
    after = { at: last.madeAt, id: last.id };
  }
}

interface OpenedEvent {
  readonly id: string;
  readonly header: WireEvent['header'];
  readonly person: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly receivedAt: string;
}

/** What kiosks said of this person, in the order in which it happened. */
async function* openedEvents({ tx, keys, names }: Reading): AsyncGenerator<OpenedEvent> {
  const box = await personBox(tx, keys, names);
  for (const person of names) {
    for (let after: { at: Date; id: string } | null = null; ; ) {
      const from: { at: Date; id: string } | null = after;
      const rows = await tx
        .selectFrom('event')
        .select(['id', 'at', 'received_at', 'header', 'person', 'personal', 'gps'])
        .where('person', '=', person)
        .$if(from !== null, (q) =>
          q.where((e) => e.or([e('at', '>', from!.at), e.and([e('at', '=', from!.at), e('id', '>', from!.id)])])),
        )
        .orderBy('at')
        .orderBy('id')
        .limit(PAGE)
        .execute();
      for (const row of rows) {
        const half = openHalf(keys, box, row);
        const values = Object.fromEntries(Object.entries(half).map(([field, { value }]) => [field, value]));
        const header = row.header as WireEvent['header'];
        yield { id: row.id, header, person, values, receivedAt: row.received_at.toISOString() };
      }
      const last = rows.at(-1);
      if (rows.length < PAGE || !last) break;
      after = { at: last.at, id: last.id };
    }
  }
}

async function* events(of: Reading) {
  for await (const { id, header, values, receivedAt } of openedEvents(of)) {
    // The key of a photo says nothing of anybody: the photo itself is told.
    const { photoKey: _, ...sealed } = values;
    const told = await withPosition(sealed, header.device, of.sealing);
    yield { id, type: header.type, device: header.device, at: header.at, open: header.open, values: told, receivedAt };
  }
}

/** With its position as coordinates. One that can't be opened (a key that was destroyed) is told as it is kept. */
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

async function* quarantined({ tx, keys, names }: Reading) {
  const box = await personBox(tx, keys, names);
  const rows = await tx
    .selectFrom('quarantine')
    .select(['device', 'seq', 'digest', 'reason', 'content', 'person', 'received_at'])
    .where('person', 'in', names)
    .orderBy('id')
    .execute();
  for (const { content, digest, person, device, seq, reason, received_at } of rows)
    yield {
      device,
      seq: Number(seq),
      reason,
      receivedAt: received_at.toISOString(),
      content: content ? openRefused(keys, box, { digest, person, content }) : null,
    };
}

async function* possibleDuplicates({ tx, names }: Reading) {
  const rows = await tx
    .selectFrom('merge_candidate')
    .select(['reason', 'score', 'found_at', 'status', 'decided_at'])
    .where((e) => e.or([e('first', 'in', names), e('second', 'in', names)]))
    .orderBy('found_at')
    .execute();
  // Whom they were taken for is somebody else’s data.
  for (const r of rows)
    yield {
      reason: r.reason,
      score: r.score,
      foundAt: r.found_at.toISOString(),
      status: r.status,
      decidedAt: r.decided_at?.toISOString() ?? null,
    };
}

async function* holds({ tx, keys, names }: Reading) {
  for (const hold of await listHolds(tx, keys, { released: true })) {
    if (hold.person === null || !names.includes(hold.person)) continue;
    const { from, until, setAt, releasedAt, reason } = hold;
    yield { from, until, setAt, releasedAt, reason };
  }
}

async function* erasures({ tx, names }: Reading) {
  const rows = await tx
    .selectFrom('erasure as e')
    .select(['e.request', 'e.state', 'e.origin', 'e.requested_at', 'e.undo_until'])
    .where('e.person', 'in', names)
    .orderBy('e.requested_at')
    .execute();
  for (const r of rows) {
    const confirmed = await tx
      .selectFrom('erasure_confirmation')
      .select(['device', 'confirmed_at'])
      .where('request', '=', r.request)
      .execute();
    yield {
      request: r.request,
      state: r.state,
      origin: r.origin,
      requestedAt: r.requested_at.toISOString(),
      undoUntil: r.undo_until?.toISOString() ?? null,
      kiosks: confirmed.map((c) => ({ device: c.device, confirmedAt: c.confirmed_at?.toISOString() ?? null })),
    };
  }
}

async function* signIns({ tx, names }: Reading) {
  const sessions = await tx
    .selectFrom('session')
    .select(['created_at', 'seen_at', 'expires_at'])
    .where('person', 'in', names)
    .orderBy('created_at')
    .execute();
  for (const s of sessions)
    yield {
      session: {
        begunAt: s.created_at.toISOString(),
        lastUsedAt: s.seen_at.toISOString(),
        endsAt: s.expires_at.toISOString(),
      },
    };
  const links = await tx
    .selectFrom('sign_in_link')
    .select(['created_at', 'expires_at', 'used_at'])
    .where('person', 'in', names)
    .orderBy('created_at')
    .execute();
  for (const l of links)
    yield {
      link: {
        madeAt: l.created_at.toISOString(),
        expiresAt: l.expires_at.toISOString(),
        usedAt: l.used_at?.toISOString() ?? null,
      },
    };
}

async function* minor({ tx, keys, names, now }: Reading) {
  for (const name of names) {
    const held = await readMinor(tx, keys, name, now);
    if (held) yield held;
  }
}

/** How well their face was recognised. */
async function* scores({ tx, names }: Reading) {
  const rows = await tx.selectFrom('person_score').selectAll().where('person', 'in', names).execute();
  for (const { model, since, count, baseline, recent, updated_at } of rows)
    yield { model, since: since.toISOString(), count, baseline, recent, updatedAt: updated_at.toISOString() };
}

/** Where somebody saw them outside, while an evacuation goes on. */
async function* evacuations({ tx, names }: Reading) {
  const rows = await tx.selectFrom('evacuation_mark').selectAll().where('person', 'in', names).execute();
  for (const { evacuation, at, device, missing } of rows)
    yield { evacuation, device, ...(missing ? { missingAt: at.toISOString() } : { accountedAt: at.toISOString() }) };
}

/** What somebody in charge has noted about a record or a consent of theirs. */
async function* attention({ tx, keys, names }: Reading) {
  const rows = await tx
    .selectFrom('attention_note')
    .selectAll()
    .where('person', 'in', names)
    .orderBy('resolved_at')
    .execute();
  const notes = await openNotes(tx, keys, rows);
  for (const { kind, ref, resolved_at } of rows)
    yield { kind, about: ref, at: resolved_at.toISOString(), note: notes.get(`${kind} ${ref}`)?.note };
}

/** What they said was wrong with a record of theirs, and what came of it. */
async function* complaints({ tx, keys, names }: Reading) {
  yield* await complaintsOf(tx, keys, names);
}

/** Lists that they were put down by, and pictures of them that wait for a review, or were refused. */
async function* imports({ tx, keys, actor, names, now }: Reading) {
  yield* await importedListsOf(tx, names);
  const why = { actor, route: 'GET /api/gdpr/export/my-data' };
  yield* await audited(tx, keys, why, now, (opened) => importedPhotosOf(tx, keys, opened, names));
}

/** What templates were made from here; facial data, so opening it leaves a row of its own. */
async function* enrolmentPhotos({ tx, keys, actor, names, now }: Reading) {
  const why = { actor, route: 'GET /api/gdpr/export/my-data' };
  const found = await audited(tx, keys, why, now, (opened) => openPhotos(tx, keys, opened, names));
  for (const { id, picture, pose, madeAt, via } of found)
    yield { id, pose, via, madeAt: madeAt.toISOString(), jpeg: Buffer.from(picture).toString('base64') };
}

/** Who has seen or changed what of them, and when. Who it was by name is somebody else’s data: their role is told. */
async function* accesses({ tx, keys, person, names }: Reading) {
  for await (const row of everyMatch(tx, keys, { person })) {
    const own = row.hidden || (row.actor !== null && names.includes(row.actor));
    const { position, at, action, role, route, data, outcome, ip, userAgent } = row;
    yield { position, at, action, role, route, data, outcome, ...(own && { ip, userAgent }) };
  }
}

/** As they were taken, in base64, one after the other. */
async function* photos(of: Reading) {
  for await (const { id, header, person, values } of openedEvents(of)) {
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
      at: header.at.utc,
      type: 'image/jpeg',
      // Null: it has been deleted by its age, or has not arrived from the kiosk yet, or does not open.
      base64: picture?.toString('base64') ?? null,
    };
  }
}

/** One that a kiosk sealed wrongly keeps nobody from the rest of their data. */
function readable(sealed: Uint8Array, key: string, where: PhotoPlace): Buffer | null {
  try {
    return openPhoto(sealed, key, where);
  } catch (cause) {
    if (cause instanceof Problem) return null;
    throw cause;
  }
}

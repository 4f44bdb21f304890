import { listConsents } from '../../../core/consents/list.ts';
import { readMinor } from '../../../core/consents/minors/minors.ts';
import { credentialsOf } from '../../../core/credentials/store.ts';
import { listHolds } from '../../../core/people/holds.ts';
import { shownPeople } from '../../../core/people/shown.ts';
import { everyMatch } from '../../audit/search.ts';
import { undoUntilOf } from '../../privacy/erasure/request.ts';
import { PAGE, type Place, paged, type Reading } from './section.ts';

/* Who a person is here: their profile, what they agreed to, what they come in by, and who has looked. */

export async function* profile({ tx, keys, person, names }: Reading) {
  yield { ...(await shownPeople(tx, keys, [person])).get(person), formerIds: names.filter((id) => id !== person) };
  const merges = await tx
    .selectFrom('person_merge')
    .select(['kept', 'merged', 'records', 'at'])
    .where((e) => e.or([e('kept', 'in', names), e('merged', 'in', names)]))
    .orderBy('at')
    .execute();
  for (const m of merges) yield { merge: { ...m, at: m.at.toISOString() } };
}

export async function* sites({ tx, names }: Reading) {
  const rows = await tx
    .selectFrom('person_site as p')
    .leftJoin('site as s', 's.id', 'p.site')
    .select(['p.site', 'p.added_at', 's.name'])
    .where('p.person', 'in', names)
    .orderBy('p.added_at')
    .execute();
  for (const r of rows) yield { site: r.site, name: r.name, since: r.added_at.toISOString() };
  const left = await tx
    .selectFrom('person_site_past as p')
    .leftJoin('site as s', 's.id', 'p.site')
    .select(['p.site', 'p.until', 's.name'])
    .where('p.person', 'in', names)
    .orderBy('p.until')
    .execute();
  for (const r of left) yield { site: r.site, name: r.name, until: r.until.toISOString() };
}

export async function* consents({ tx, keys, names }: Reading) {
  for (const person of names) {
    const page = (after: Place | null) => listConsents(tx, keys, { person, limit: PAGE, after });
    yield* paged(page, ({ receivedAt, id }): Place => ({ at: receivedAt, id }));
  }
}

/** What a card carries was never kept: its hash says nothing to anybody. */
export async function* credentials({ tx, keys, names }: Reading) {
  for (const { id, kind, number, issuedAt, revokedAt } of await credentialsOf(tx, keys, names))
    yield { id, kind, number, issuedAt: issuedAt.toISOString(), revokedAt: revokedAt?.toISOString() ?? null };
  const codes = await tx.selectFrom('pin_code').selectAll().where('person', 'in', names).execute();
  for (const { id, issued_at, expires_at } of codes)
    yield { id, kind: 'pin-code', issuedAt: issued_at.toISOString(), expiresAt: expires_at.toISOString() };
  const pins = await tx.selectFrom('pin').selectAll().where('person', 'in', names).execute();
  for (const { id, device, sealed, chosen_at } of pins)
    yield { id, kind: 'pin', device, chosenAt: chosen_at.toISOString(), counts: sealed !== null };
}

export async function* minor({ tx, keys, names, now }: Reading) {
  for (const name of names) {
    const held = await readMinor(tx, keys, name, now);
    if (held) yield held;
  }
}

export async function* holds({ tx, keys, names }: Reading) {
  for (const hold of await listHolds(tx, keys, { released: true })) {
    if (hold.person === null || !names.includes(hold.person)) continue;
    const { from, until, setAt, releasedAt, reason } = hold;
    yield { from, until, setAt, releasedAt, reason };
  }
}

export async function* erasures({ tx, names }: Reading) {
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
      undoUntil: undoUntilOf(r)?.toISOString() ?? null,
      kiosks: confirmed.map((c) => ({ device: c.device, confirmedAt: c.confirmed_at?.toISOString() ?? null })),
    };
  }
}

export async function* signIns({ tx, names }: Reading) {
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

/** Who has seen or changed what of them, and when. Who it was by name is someone else’s data: their role is shown. */
export async function* accesses({ tx, keys, person, names }: Reading) {
  for await (const row of everyMatch(tx, keys, { person })) {
    const own = row.hidden || (row.actor !== null && names.includes(row.actor));
    const { position, at, action, role, route, data, outcome, ip, userAgent } = row;
    yield { position, at, action, role, route, data, outcome, ...(own && { ip, userAgent }) };
  }
}

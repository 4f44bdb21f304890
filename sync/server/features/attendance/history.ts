import { sql } from 'kysely';
import type { PersonHistory } from '../../../protocol/api/people.ts';
import { EventHeader } from '../../../protocol/wire/event.ts';
import { sameAs } from '../../core/people/living.ts';
import { DEFAULT_SCOPE } from '../../core/sites/sites.ts';
import { actorOf, staffNames } from '../../core/staff/store.ts';
import type { Db } from '../../platform/database/schema.ts';
import { emailsOf } from '../../platform/http/email.ts';
import { instantOf } from '../../platform/instant.ts';
import type { Keys } from '../../platform/keys/envelope.ts';

type Item = PersonHistory['items'][number];

/** Most items that are shown. The event log and the audit log have them all. */
const SHOWN = 50;

interface Found {
  readonly id: string;
  readonly at: Date;
  readonly device: string | null;
  /** Header of an event. Null for other rows, which have the fields below. */
  readonly header: unknown;
  readonly what: Item['what'];
  readonly change: string;
  readonly site: string | null;
  /** Account id, or a role without an account. */
  readonly author: string | null;
  readonly via: Item['via'];
  readonly fields: string[];
}

/**
 * Lists what was done about a person, newest first, from the events of kiosks and rows written by the console. The audit log
 * isn't used, since staff may not read it.
 */
export async function historyOf(db: Db, keys: Keys, person: string, now: Date): Promise<Item[]> {
  const names = sql`any(${await sameAs(db, [person])}::uuid[])`;
  const { rows } = await sql<Found>`
    select id::text, at, device, header, type as what, '' as change, null::uuid as site, null as author,
           'kiosk' as via, '{}'::text[] as fields
    from event where person = ${names} and type in ('person', 'consent', 'template', 'credential', 'pin', 'lookalike')
    union all
    select event::text, at, null, null, 'consent', action, null, recorded_by::text, via, '{}'
    from consent where person = ${names} and device is null
    union all
    select id::text, at, null, null, 'person', change, null, recorded_by::text, via, fields
    from profile_change where person = ${names}
    union all
    select min(t.id::text), t.added_at, null, null, 'template', 'added', null, min(p.made_by::text), coalesce(min(p.via), 'staff'), '{}'
    from template t left join enrolment_photo p on p.person = t.person and p.made_at = t.added_at
    where t.person = ${names} and t.device is null group by t.added_at
    union all
    select id::text, issued_at, null, null, 'credential', 'issued', null, issued_by::text, 'staff', '{}'
    from credential where person = ${names} and device is null
    union all
    select id::text, revoked_at, null, null, 'credential', 'revoked', null, revoked_by::text, revoked_via, '{}'
    from credential where person = ${names} and revoked_via is not null
    union all
    select id::text, issued_at, null, null, 'pin-code', 'issued', null, issued_by::text, 'staff', '{}'
    from pin_code where person = ${names}
    union all
    select id::text, chosen_at, null, null, 'pin', 'removed', null, null, 'staff', '{}'
    from pin where person = ${names} and device is null and pepper is null
    union all
    select id::text, at, null, null, 'lookalike', 'marked', null, marked_by, 'staff', '{}'
    from lookalike where (first = ${names} or second = ${names}) and device is null
    union all
    select p.site::text, p.added_at, null, null, 'site', 'joined', s.id, null, 'staff', '{}'
    from person_site p join site s on s.id = p.site or s.is_default and p.site = ${DEFAULT_SCOPE}::uuid
    where p.person = ${names}
    union all
    select p.site::text, p.until, null, null, 'site', 'left', s.id, null, 'staff', '{}'
    from person_site_past p join site s on s.id = p.site or s.is_default and p.site = ${DEFAULT_SCOPE}::uuid
    where p.person = ${names}
    union all
    select id::text, at, null, null, 'person', 'merged', null, by, 'staff', '{}' from person_merge where kept = ${names}
    union all
    select id::text, made_at, null, null, 'record', kind, null, author::text, 'staff', '{}' from correction where person = ${names}
    order by at desc, id desc limit ${SHOWN}`.execute(db);
  const emailOf = await emailsOf(db, keys);
  const read = rows.map(({ header, author, ...row }) => {
    const none = { ...row, email: emailOf(author), actor: null };
    if (header === null) return none;
    const parsed = EventHeader.parse(header);
    const open = parsed.open as { by?: string; change?: string; action?: string };
    const at = instantOf(parsed, now);
    return { ...none, at, change: open.change ?? open.action ?? '', actor: open.by ?? null };
  });
  const actors = read.map((r) => r.actor);
  const staff = await staffNames(db, keys, actors);
  return read.map(({ at, actor, ...row }) => ({
    ...row,
    at: at.toISOString(),
    by: actor === null ? null : (actorOf(actor, staff) ?? null),
  }));
}

import { statements } from './statements.ts';

/** Pairs of people whom no face alone tells apart, and enrolments that wait for an administrator because of such a face. */
export const lookalikes = statements([
  `create table lookalike (
     id uuid primary key,
     first uuid not null,
     second uuid not null,
     reason text not null check (reason in ('enrolment', 'not-me', 'two-people')),
     at timestamptz not null,
     -- The kiosk where it was marked; null: the console.
     device uuid,
     -- Account, or member of a kiosk's staff; null: the kiosk by itself.
     marked_by text,
     check (first < second),
     unique (first, second))`,
  `create index lookalike_second on lookalike (second)`,
  `create index lookalike_at on lookalike (at desc)`,
  // Pictures and templates of somebody who is to be enrolled, and whose face is like somebody else's: under the person's key.
  `create table enrolment_case (
     id uuid primary key,
     person uuid not null,
     other uuid,
     score real not null,
     source text not null check (source in ('camera', 'photo')),
     faces bytea not null,
     made_by text,
     made_at timestamptz not null)`,
  `create index enrolment_case_person on enrolment_case (person)`,
  `create index enrolment_case_other on enrolment_case (other) where other is not null`,
  `alter table change drop constraint change_kind_check`,
  `alter table change add constraint change_kind_check
     check (kind in ('start', 'person', 'templates', 'gone', 'erase', 'policy', 'keys', 'credentials', 'issuers', 'cardTemplate',
                     'update', 'command', 'config', 'pinCode', 'again', 'pin', 'pinPeppers', 'evacuation', 'accounted',
                     'staff', 'lookalikes'))`,
  `alter table webhook_delivery drop constraint webhook_delivery_kind_check`,
  `alter table webhook_delivery add constraint webhook_delivery_kind_check
     check (kind in ('attendance.record', 'person.erased', 'lookalikes.marked', 'webhook.test'))`,
]);

import { statements } from './statements.ts';

/** The roll call of an evacuation, and figures that kiosks report about themselves. */
export const consoleTables = statements([
  `create table evacuation (
     id uuid primary key,
     site uuid,
     begun_at timestamptz not null,
     begun_by uuid,
     ended_at timestamptz,
     inside integer,
     accounted integer)`,
  // One at a time and site; no site: the default one.
  `create unique index evacuation_going on evacuation (coalesce(site, '00000000-0000-0000-0000-000000000000'::uuid))
     where ended_at is null`,
  `create table evacuation_mark (
     evacuation uuid not null references evacuation (id) on delete cascade,
     person uuid not null,
     at timestamptz not null,
     by uuid,
     primary key (evacuation, person))`,
  `create index evacuation_mark_person on evacuation_mark (person)`,

  // Counts and depths, never about anybody.
  `create table kiosk_figures (
     event uuid primary key,
     device uuid not null,
     site uuid,
     since timestamptz not null,
     until timestamptz not null,
     figures jsonb not null)`,
  `create index kiosk_figures_until on kiosk_figures (until)`,
]);

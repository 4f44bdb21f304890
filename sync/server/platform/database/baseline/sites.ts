/** Sites with their calendars and policies. */
export const sites: readonly string[] = [
  `-- A place with one calendar. A device without a site belongs to the default site.
   create table site (
     id uuid primary key,
     name text not null,
     -- IANA name.
     time_zone text not null,
     -- \`HH:MM\` in local time, when one attendance day ends and the next begins.
     day_starts_at text not null default '00:00' check (day_starts_at ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
     -- Seconds within which records of one person count as one presence.
     repeat_seconds integer not null default 60 check (repeat_seconds between 0 and 3600),
     is_default boolean not null default false,
     -- Its newest change in \`site_change\`.
     change uuid)`,
  `create unique index site_default on site (is_default) where is_default`,

  `-- A change of a site itself, mainly of its calendar.
   create table site_change (
     id uuid primary key,
     site uuid not null,
     at timestamptz not null,
     -- Account, \`operator\` or \`configuration\`.
     by text not null,
     -- \`SiteFacts\` (protocol/api/sites.ts).
     before jsonb not null,
     after jsonb not null)`,
  `create index site_change_site on site_change (site, at)`,

  `-- Current policies, by scope (core/devices/registry.ts).
   create table site_policy (site uuid primary key, policy jsonb not null, updated_at timestamptz not null)`,

  `-- History of the policies of a site (core/sites/policy.ts).
   create table site_policy_change (
     id uuid primary key,
     -- Scope.
     site uuid not null,
     at timestamptz not null,
     -- Account, \`operator\` or \`configuration\`.
     by text not null,
     before jsonb,
     after jsonb not null)`,
  `create index site_policy_change_site on site_policy_change (site, at)`,
];

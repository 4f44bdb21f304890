import { statements } from './statements.ts';

/** Incidents: what happened is sealed; whom it affected is found from the audit log, by what was asked of it. */
export const incidents = statements([
  `create table incident (
     id uuid primary key,
     severity text not null check (severity in ('low', 'medium', 'high', 'critical')),
     -- Since when it is known that personal data is concerned: the 72 hours count from here (Art. 33 GDPR).
     found_at timestamptz not null,
     began_at timestamptz,
     ended_at timestamptz,
     data text[] not null,
     opened_at timestamptz not null,
     contained_at timestamptz,
     authority_at timestamptz,
     people_at timestamptz,
     closed_at timestamptz,
     row_version integer not null,
     sealed bytea not null)`,
  `create index incident_found on incident (found_at desc, id desc)`,
  `create table incident_scope (
     id uuid primary key,
     incident uuid not null references incident (id) on delete cascade,
     filter jsonb not null,
     added_at timestamptz not null)`,
  `create index incident_scope_of on incident_scope (incident)`,
  `create table incident_entry (
     id uuid primary key,
     incident uuid not null references incident (id) on delete cascade,
     at timestamptz not null,
     kind text not null,
     by_role text not null,
     by_id uuid,
     sealed bytea)`,
  `create index incident_entry_of on incident_entry (incident, at, id)`,
]);

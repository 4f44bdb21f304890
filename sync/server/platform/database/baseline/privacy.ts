/** Erasures, legal holds and incidents. */
export const privacy: readonly string[] = [
  `-- A request for erasure (features/privacy/erasure/). One row for each id that the person had.
   create table erasure (
     request uuid primary key,
     person uuid not null,
     requested_at timestamptz not null,
     -- The request that this one is part of. Each id that a person had before a merge is erased under its own request.
     part_of uuid references erasure (request),
     -- \`requested\`: can be undone; \`closed\`: key and values are destroyed, the rest is in progress. Parts share this state.
     state text not null check (state in ('requested', 'closed', 'done', 'undone')),
     origin text not null check (origin in ('person', 'staff', 'operator', 'kiosk', 'retention', 'restore')),
     -- Null: it could never be undone.
     undo_until timestamptz,
     closed_at timestamptz,
     done_at timestamptz,
     -- Compact JWS.
     certificate text,
     -- A kiosk deleted the person. Until the request is closed or undone, the person is on no kiosk.
     off_kiosks boolean not null default false)`,
  `create index erasure_person on erasure (person)`,
  `create index erasure_part on erasure (part_of) where part_of is not null`,
  `create index erasure_requested on erasure (requested_at, request) where part_of is null`,
  `create index erasure_under_way on erasure (state) where state in ('requested', 'closed') and part_of is null`,

  `-- One row for each kiosk that may hold data of the person.
   create table erasure_confirmation (
     request uuid not null references erasure (request),
     device uuid not null references device (id),
     confirmed_at timestamptz,
     event uuid,
     primary key (request, device))`,
  `create index erasure_open on erasure_confirmation (device) where confirmed_at is null`,

  `-- Progress of a request, one row for each started step.
   create table erasure_step (
     request uuid not null references erasure (request),
     step text not null,
     attempts integer not null,
     -- When it is retried; null: it is done.
     next_at timestamptz,
     -- Code of the reason why it waits.
     code text,
     done_at timestamptz,
     -- Counts and times for the certificate; never a personal value.
     detail jsonb,
     primary key (request, step))`,

  `-- A legal hold on data that would otherwise be erased (core/people/holds.ts).
   create table retention_hold (
     id uuid primary key,
     person uuid,
     site uuid,
     from_at timestamptz,
     until_at timestamptz,
     -- Envelope.
     reason bytea not null,
     -- Account, or \`operator\`.
     set_by text not null,
     set_at timestamptz not null,
     released_at timestamptz,
     released_by text,
     check (num_nonnulls(person, site, from_at, until_at) > 0))`,
  `create index retention_hold_open on retention_hold (person) where released_at is null`,

  `-- An incident (features/privacy/incidents/).
   create table incident (
     id uuid primary key,
     severity text not null check (severity in ('low', 'medium', 'high', 'critical')),
     -- When it became known that personal data is affected. The 72 hours of Art. 33 GDPR start here.
     found_at timestamptz not null,
     began_at timestamptz,
     ended_at timestamptz,
     -- Kinds of data, by their names in the audit log.
     data text[] not null,
     opened_at timestamptz not null,
     contained_at timestamptz,
     authority_at timestamptz,
     people_at timestamptz,
     closed_at timestamptz,
     row_version integer not null,
     -- Envelope of its texts (features/privacy/incidents/incidents.ts).
     sealed bytea not null)`,
  `create index incident_found on incident (found_at desc, id desc)`,

  `-- Filters for the audit log rows of an incident. The affected people are found from the requests in those rows.
   create table incident_scope (
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
     -- Account; null: the command line, or the server.
     by_id uuid,
     sealed bytea)`,
  `create index incident_entry_of on incident_entry (incident, at, id)`,
];

/** Kiosks' settings, commands, staff and updates, webhooks, and reports by e-mail. */
export const fleet: readonly string[] = [
  `-- Every revision of the settings of a site's kiosks, or of one device (core/devices/settings.ts).
   create table fleet_settings (
     -- \`site\`: the template of a scope; \`device\`: what one device has of its own on top of it.
     kind text not null check (kind in ('site', 'device')),
     -- Scope of the site (core/devices/registry.ts), or the device.
     scope uuid not null,
     revision integer not null,
     settings jsonb not null,
     at timestamptz not null,
     -- Account, or \`operator\`.
     by text not null,
     -- The revision whose settings these are again.
     reverted_to integer,
     primary key (kind, scope, revision))`,

  `-- What each device is sent: its own settings over those of its site. Outlives a revocation, so that no revision is given twice.
   create table fleet_config (
     device uuid primary key references device (id),
     revision integer not null,
     config jsonb not null,
     at timestamptz not null)`,

  `create table fleet_command (
     id uuid primary key,
     device uuid not null references device (id),
     what text not null check (what in ('restart', 'logs', 'watch', 'wipe', 'decommission')),
     asked_at timestamptz not null,
     -- Account, or \`operator\`.
     by text not null,
     expires_at timestamptz not null,
     -- Null: nothing was heard of it yet. \`withdrawn\`: withdrawn before anything was.
     outcome text check (outcome in ('started', 'done', 'failed', 'refused', 'expired', 'withdrawn')),
     code text,
     started_at timestamptz,
     answered_at timestamptz,
     -- Thumbprint of the key by which a kiosk that destroys its own says that it is done.
     -- Thumbprint of the key that signs the kiosk's last message.
     farewell_key text)`,
  `create index fleet_command_device on fleet_command (device, asked_at)`,

  `-- Redacted log of a kiosk, sealed under the server's field key.
   create table fleet_log (
     command uuid primary key references fleet_command (id),
     device uuid not null references device (id),
     at timestamptz not null,
     bytes integer not null,
     sealed bytea not null)`,
  `create index fleet_log_at on fleet_log (at)`,

  `-- Who may unlock kiosks (core/staff/).
   create table staff_member (
     id uuid primary key,
     row_version integer not null,
     -- Null: the kiosks of every site.
     scope uuid,
     -- The kiosk that they were added at, which alone has what they unlock it with; null: they are the server's.
     device uuid,
     role text not null check (role in ('desk', 'supervisor', 'technician')),
     -- Envelope.
     name bytea not null,
     -- Envelope of PIN, badge and second factor; null once removed, and of a member of one kiosk.
     sealed bytea,
     added_at timestamptz not null,
     added_by text not null,
     removed_at timestamptz,
     removed_by text,
     check ((sealed is not null) = (removed_at is null and device is null)))`,

  `-- A version on its way to the fleet. At most one has not ended.
   create table rollout (
     id uuid primary key,
     version text not null,
     state text not null check (state in ('running', 'paused', 'stopped', 'held', 'done', 'rolled-back', 'ended')),
     steps jsonb not null,
     step integer not null,
     step_since timestamptz not null,
     automatic boolean not null,
     urgent boolean not null,
     trial_minutes integer not null,
     stop_kiosks integer not null,
     stop_percent integer not null,
     -- How often failed kiosks were asked to try once more.
     retry integer not null default 0,
     -- Failures before this are dealt with.
     counting_since timestamptz not null,
     stopped_failed integer,
     stopped_got integer,
     started_at timestamptz not null,
     -- Account, or \`operator\`.
     started_by text not null,
     ended_at timestamptz)`,
  `create unique index rollout_in_force on rollout ((true)) where ended_at is null`,
  `create table rollout_action (
     id uuid primary key,
     rollout uuid not null references rollout (id),
     at timestamptz not null,
     -- Account, \`operator\` or \`server\`.
     by text not null,
     what text not null,
     detail jsonb not null)`,
  `create index rollout_action_rollout on rollout_action (rollout, at)`,
  `-- How far one kiosk is; no row: the version was never offered to it.
   create table rollout_device (
     rollout uuid not null references rollout (id),
     device uuid not null references device (id),
     state text not null check (state in ('notified', 'installing', 'healthy', 'rolled-back', 'refused')),
     -- Since when: by the kiosk's event, or when the version was offered.
     at timestamptz not null,
     -- Of the kiosk's newest event about it; null: none yet.
     event_at timestamptz,
     from_version text,
     reason text,
     primary key (rollout, device))`,

  `-- The customer's own names of rings; no row: as screens call it.
   create table update_ring (id text primary key, name text not null)`,
  `-- Kiosks that are in another ring than \`all\`.
   create table device_ring (
     device uuid primary key references device (id),
     ring text not null check (ring in ('canary', 'early', 'all')))`,
  `-- Maintenance windows.
   create table update_window (
     -- Scope; the default site's window counts for sites without one of their own.
     site uuid primary key,
     -- Null: at any hour.
     starts text,
     ends text,
     check ((starts is null) = (ends is null)))`,

  `-- Receivers in other programs that records are sent to (features/webhooks/).
   create table webhook (
     id uuid primary key,
     name text not null,
     -- Null: of every site.
     site uuid references site (id),
     with_number boolean not null,
     -- Which messages it is sent: records and what belongs to them, and topics of what needs attention.
     records boolean not null default true,
     topics text[] not null default '{}',
     -- Hold back what needs attention but is not urgent, on the wall of its site.
     quiet_from text,
     quiet_to text,
     -- It was to be sent records at any time: of who was in them it hears that they were erased.
     had_records boolean not null default true,
     enabled boolean not null,
     disabled_because text,
     -- Envelope of address, secrets and certificate authority.
     sealed bytea not null,
     row_version integer not null,
     created_at timestamptz not null,
     -- How far records were searched for it (platform/database/feed.ts), and in which log. It stands still while it is off.
     log uuid not null,
     position bigint not null,
     -- Nothing is sent before: the receiver did not answer.
     paused_until timestamptz,
     -- Since then it has taken nothing, and what it answered last, or why there was no answer. Null: it takes what it is sent.
     failing_since timestamptz,
     last_failure text,
     check ((failing_since is null) = (last_failure is null)),
     check ((quiet_from is null) = (quiet_to is null)))`,
  `-- One message to one receiver; its body is made when it is sent.
   create table webhook_delivery (
     id uuid primary key,
     webhook uuid not null references webhook (id) on delete cascade,
     kind text not null check (kind in ('attendance.record', 'person.erased', 'lookalikes.marked', 'emergency-pin.used',
       'attention.opened', 'attention.closed', 'webhook.test')),
     -- The record, the person who was erased, the pair, the event, or the item; null for a test.
     subject uuid,
     -- The message includes at least this change of the record (platform/database/feed.ts).
     change bigint not null default 0,
     state text not null check (state in ('due', 'delivered', 'failed')),
     attempts integer not null default 0,
     made_at timestamptz not null,
     due_at timestamptz not null,
     delivered_at timestamptz,
     last_answer text)`,
  // One message per record: changes made before it is sent are included.
  `create unique index webhook_delivery_subject on webhook_delivery (webhook, kind, subject) where subject is not null`,
  `create index webhook_delivery_due on webhook_delivery (webhook, due_at) where state = 'due'`,
  `create index webhook_delivery_made on webhook_delivery (made_at)`,
  `create index webhook_delivery_log on webhook_delivery (webhook, made_at, id)`,

  `-- A report that is sent by e-mail again and again (features/reports/schedules.ts).
   create table report_schedule (
     id uuid primary key,
     -- What it has a row for, and which days of people count; null: all.
     by text not null check (by in ('person-day', 'person', 'day', 'site')),
     which text check (which in ('late', 'missing')),
     site uuid not null references site (id),
     every text not null check (every in ('day', 'week', 'month')),
     -- \`HH:MM\` on the wall of the site.
     at text not null check (at ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
     language text not null,
     -- Accounts.
     receivers uuid[] not null,
     -- Account.
     made_by uuid,
     made_at timestamptz not null,
     next_at timestamptz not null,
     sent_at timestamptz,
     -- Code of why its last mail was not sent; null: it was.
     error text)`,
  `create index report_schedule_next on report_schedule (next_at)`,
  `-- A mail of it that waits for the mail server.
   create table report_mail (
     id uuid primary key,
     schedule uuid not null references report_schedule (id) on delete cascade,
     account uuid not null references account (id) on delete cascade,
     -- \`YYYY-MM-DD\` on the wall of the site, on which it is sent: what it says is about the days before.
     day text not null,
     made_at timestamptz not null,
     due_at timestamptz not null,
     attempts integer not null)`,
  `create index report_mail_due on report_mail (due_at)`,
];

/** Kiosks' settings, commands, staff and updates, webhooks, and reports by e-mail. */
export const fleet: readonly string[] = [
  `-- Every revision of the settings of a site's kiosks, or of one device (core/devices/settings.ts).
   create table fleet_settings (
     -- \`site\`: the template of a scope; \`device\`: one device's own settings, which override it.
     kind text not null check (kind in ('site', 'device')),
     -- Scope of the site (core/devices/registry.ts), or the device.
     scope uuid not null,
     revision integer not null,
     settings jsonb not null,
     at timestamptz not null,
     -- Account, or \`operator\`.
     by text not null,
     -- The earlier revision that these settings restore.
     reverted_to integer,
     primary key (kind, scope, revision))`,

  `-- Settings sent to each device: its own over those of its site. Kept after a revocation, so that no revision is used twice.
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
     -- Null: the kiosk has not reported yet. \`withdrawn\`: withdrawn before it reported.
     outcome text check (outcome in ('started', 'done', 'failed', 'refused', 'expired', 'withdrawn')),
     code text,
     started_at timestamptz,
     answered_at timestamptz,
     -- Thumbprint of the key that signs the last message of a kiosk that destroys its own keys.
     farewell_key text)`,
  `create index fleet_command_device on fleet_command (device, asked_at)`,

  `-- A kiosk's redacted log, sealed under the server's field key.
   create table fleet_log (
     command uuid primary key references fleet_command (id),
     device uuid not null references device (id),
     at timestamptz not null,
     bytes integer not null,
     sealed bytea not null)`,
  `create index fleet_log_at on fleet_log (at)`,

  `-- Staff who may unlock kiosks (core/staff/).
   create table staff_member (
     id uuid primary key,
     row_version integer not null,
     -- Null: the kiosks of every site.
     scope uuid,
     -- The kiosk that added them and alone has their PIN or badge; null: they were added on the server.
     device uuid,
     role text not null check (role in ('desk', 'supervisor', 'technician')),
     -- Envelope.
     name bytea not null,
     -- Envelope of PIN, badge and second factor; null once removed, and for staff of one kiosk.
     sealed bytea,
     added_at timestamptz not null,
     added_by text not null,
     removed_at timestamptz,
     removed_by text,
     check ((sealed is not null) = (removed_at is null and device is null)))`,

  `-- Rollout of a version to the fleet. At most one has not ended.
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
     -- How often failed kiosks were asked to retry.
     retry integer not null default 0,
     -- Failures before this time no longer count.
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
  `-- Progress of one kiosk; no row: the version was never offered to it.
   create table rollout_device (
     rollout uuid not null references rollout (id),
     device uuid not null references device (id),
     state text not null check (state in ('notified', 'installing', 'healthy', 'rolled-back', 'refused')),
     -- When this state began: the time of the kiosk's event, or when the version was offered.
     at timestamptz not null,
     -- Time of the kiosk's newest event about it; null: none yet.
     event_at timestamptz,
     from_version text,
     reason text,
     primary key (rollout, device))`,

  `-- The customer's own names for rings; no row: the name in the screens' texts.
   create table update_ring (id text primary key, name text not null)`,
  `-- Kiosks in a ring other than \`all\`.
   create table device_ring (
     device uuid primary key references device (id),
     ring text not null check (ring in ('canary', 'early', 'all')))`,
  `-- Maintenance windows.
   create table update_window (
     -- A device, or the scope of a site. Devices without their own window use their site's, and sites the default site's.
     scope uuid primary key,
     -- Null: at any time.
     starts text,
     ends text,
     check ((starts is null) = (ends is null)))`,

  `-- Other programs that receive records and alerts (features/webhooks/).
   create table webhook (
     id uuid primary key,
     name text not null,
     -- Null: records of all sites.
     site uuid references site (id),
     with_number boolean not null,
     -- Messages that it receives: records with related messages, and topics of attention items.
     records boolean not null default true,
     topics text[] not null default '{}',
     -- Quiet hours in its site's local time, during which attention items that are not urgent are held back.
     quiet_from text,
     quiet_to text,
     -- Whether it was ever to receive records. If so, it is notified of erasures of people in them.
     had_records boolean not null default true,
     enabled boolean not null,
     disabled_because text,
     -- Envelope of address, secrets and certificate authority.
     sealed bytea not null,
     row_version integer not null,
     created_at timestamptz not null,
     -- How far records were searched for it (platform/database/feed.ts), and in which log. Unchanged while it is disabled.
     log uuid not null,
     position bigint not null,
     -- Nothing is sent before this time, because the receiver did not answer.
     paused_until timestamptz,
     -- Since when it has accepted nothing, and its last answer, or why there was none. Null: deliveries succeed.
     failing_since timestamptz,
     last_failure text,
     check ((failing_since is null) = (last_failure is null)),
     check ((quiet_from is null) = (quiet_to is null)))`,
  `-- One message to one receiver. Its body is made when it is sent.
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

  `-- A report that is regularly sent by e-mail (features/reports/schedules.ts).
   create table report_schedule (
     id uuid primary key,
     -- What each row of the report is, and which days of people are included; null: all days.
     by text not null check (by in ('person-day', 'person', 'day', 'site')),
     which text check (which in ('late', 'missing')),
     site uuid not null references site (id),
     every text not null check (every in ('day', 'week', 'month')),
     -- \`HH:MM\` in the site's local time.
     at text not null check (at ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
     language text not null,
     -- Accounts.
     receivers uuid[] not null,
     -- Account.
     made_by uuid,
     made_at timestamptz not null,
     next_at timestamptz not null,
     -- Date of \`next_at\`, \`YYYY-MM-DD\` in the site's local time. It stays if the site's time zone changes.
     next_day text not null,
     sent_at timestamptz,
     -- Error code if its last mail was not sent; null: it was sent.
     error text)`,
  `create index report_schedule_next on report_schedule (next_at)`,
  `-- A report mail that waits for the mail server.
   create table report_mail (
     id uuid primary key,
     schedule uuid not null references report_schedule (id) on delete cascade,
     account uuid not null references account (id) on delete cascade,
     -- Date of sending, \`YYYY-MM-DD\` in the site's local time. The report covers the days before it.
     day text not null,
     made_at timestamptz not null,
     due_at timestamptz not null,
     attempts integer not null)`,
  `create index report_mail_due on report_mail (due_at)`,
];

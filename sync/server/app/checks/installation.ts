import { sql } from 'kysely';
import { command } from '../../../disk/program.ts';
import { hasEnrolledAdmin } from '../../core/accounts/accounts.ts';
import { textsInForce } from '../../core/consents/texts.ts';
import { policyOf } from '../../core/sites/policy.ts';
import { DEFAULT_SCOPE } from '../../core/sites/sites.ts';
import { VERIFIED } from '../../features/backup/verify.ts';
import { knownReplicas, REPLICA_LIVES_S, runningReplicas } from '../../platform/keys/versions.ts';
import { NAMELESS } from './attention.ts';
import { check, DAY_MS, HOUR_MS, MINUTE_MS, opened, SECOND_MS } from './check.ts';

/** Checks of the whole installation, from the database: the same result on every replica. */

/** A backup is made each day. The margin is for one that takes hours. */
const BACKUP_OLD_MS = 36 * HOUR_MS;
/** Age of the last verification after which it is reported, ms. */
const VERIFIED_OLD_MS = 35 * DAY_MS;

export const backupsCheck = check({
  name: 'backups',
  of: 'installation',
  everyMs: 10 * MINUTE_MS,
  outcomes: {
    'backup-missing': {
      level: 'degrades',
      says: 'There is no complete backup.',
      next: `Run \`${command('backup run')}\`; the server makes one each day by itself.`,
    },
    'backup-old': {
      level: 'degrades',
      says: 'The newest backup is more than 36 hours old.',
      next: `Run \`${command('jobs list')}\` to see why the daily one failed, then \`${command('backup run')}\`.`,
    },
    'backup-not-verified': {
      level: 'note',
      says: 'No backup has been verified in the last 35 days.',
      next: `Run \`${command('backup verify')}\` once a month.`,
    },
  },
  async inspect(subject) {
    const { rows } = await sql<{ taken: Date | null; verified: string | null }>`
      select (select max(taken_at) from backup) as taken,
             (select value from meta where key = ${VERIFIED}) as verified`.execute(opened(subject).db);
    const { taken, verified } = rows[0]!;
    const now = subject.now().getTime();
    const age = (at: number | null) => (at === null ? null : now - at);
    return {
      configured: subject.config.s3 !== null,
      backup: age(taken?.getTime() ?? null),
      verified: age(verified === null ? null : Date.parse(verified)),
    };
  },
  judge({ configured, backup, verified }) {
    if (!configured) return {};
    if (backup === null) return { 'backup-missing': true };
    return {
      'backup-old': backup > BACKUP_OLD_MS && `${Math.floor(backup / HOUR_MS)} hours old`,
      'backup-not-verified': verified === null || verified > VERIFIED_OLD_MS,
    };
  },
  remark: ({ configured, backup }) =>
    configured && backup !== null ? `the newest is ${Math.floor(backup / HOUR_MS)} hours old` : null,
});

/** Checks that the mail server accepts alerts. */
export const alertsCheck = check({
  name: 'alerts',
  of: 'installation',
  everyMs: MINUTE_MS,
  outcomes: {
    'alerts-not-sent': {
      level: 'degrades',
      says: 'The mail server does not accept alerts, so they are waiting.',
      next: 'Do what its response says, then send a test in the console under Alerts.',
    },
  },
  async inspect(subject) {
    const { rows } = await sql<{ answer: string }>`
      select r.answer from alert_account r join account a on a.id = r.account
      where r.failing_since is not null and a.disabled_at is null order by r.failing_since`.execute(opened(subject).db);
    return subject.config.mail ? rows : [];
  },
  judge: (waiting) => ({
    'alerts-not-sent': waiting.length > 0 && `${waiting.length} waiting: ${waiting[0]!.answer}`,
  }),
});

/** An anchor is made each hour. */
const ANCHOR_OLD_MS = 2 * HOUR_MS;

export const auditAnchorCheck = check({
  name: 'audit-anchor',
  of: 'installation',
  everyMs: 10 * MINUTE_MS,
  outcomes: {
    'audit-anchor-old': {
      level: 'degrades',
      says: 'The audit log’s newest anchor outside the database is more than two hours old.',
      next: `Run \`${command('jobs list')}\` to see why \`audit-anchor\` failed; anchors go where backups go.`,
    },
  },
  async inspect(subject) {
    const { rows } = await sql<{ waiting: Date | null }>`
      select min(at) as waiting from audit
      where position > coalesce((select max(position) from audit_anchor where object is not null), 0)`.execute(
      opened(subject).db,
    );
    const waiting = rows[0]!.waiting;
    return { configured: subject.config.s3 !== null, age: waiting && subject.now().getTime() - waiting.getTime() };
  },
  judge: ({ configured, age }) => ({
    'audit-anchor-old':
      configured &&
      age !== null &&
      age > ANCHOR_OLD_MS &&
      `a row has been waiting for ${Math.floor(age / HOUR_MS)} hours`,
  }),
});

/** Checks that scheduled reports could be sent by e-mail. */
export const reportMailsCheck = check({
  name: 'report-mails',
  of: 'installation',
  everyMs: MINUTE_MS,
  outcomes: {
    'report-not-sent': {
      level: 'degrades',
      says: 'A scheduled report could not be sent by e-mail; sending is retried for a day.',
      next: 'Check SMTP_URL, SMTP_FROM and SMTP_CA_FILE, then press “Send now” in the console under Reports, Scheduled reports.',
    },
  },
  async inspect(subject) {
    const { rows } = await sql<{ code: string }>`
      select distinct error as code from report_schedule where error is not null order by 1`.execute(
      opened(subject).db,
    );
    return rows.map(({ code }) => code);
  },
  judge: (codes) => ({ 'report-not-sent': codes.length > 0 && codes.join(', ') }),
});

/** Checks that all replicas are in contact, have different names and run the same build. */
export const replicasCheck = check({
  name: 'replicas',
  of: 'installation',
  everyMs: 15 * SECOND_MS,
  outcomes: {
    'server-not-running': {
      level: 'stops',
      says: 'No server is running on this database.',
      next: 'Start it: `systemctl start smartpresence-server`; `journalctl -u smartpresence-server` says why it stopped.',
    },
    'replica-silent': {
      level: 'degrades',
      says: 'A replica has gone silent without being stopped.',
      next: 'Check its machine and start it again. One that was removed for good is forgotten after a day.',
    },
    'replica-name-twice': {
      level: 'degrades',
      says: 'Two servers are running under the same name: at a broker, each takes over the other’s connection.',
      next: 'Give each its own SMARTPRESENCE_REPLICA, and name them all in the broker’s rules.',
    },
    'replicas-differ': {
      level: 'degrades',
      says: 'Replicas run different builds.',
      next: `Finish the update: the same version on every machine (\`${command('upgrade check ARCHIVE')}\` shows which has which).`,
    },
  },
  inspect: async (subject) => knownReplicas(opened(subject).db),
  judge(replicas) {
    const live = runningReplicas(replicas);
    if (live.length === 0) return { 'server-not-running': true };
    const names = live.map(({ name }) => name);
    const silent = replicas.filter(({ age, name }) => age > REPLICA_LIVES_S && !names.includes(name));
    const twice = names.filter((name, i) => names.indexOf(name) !== i);
    const builds = new Set(live.map(({ build, schema }) => `${build}, schema ${schema}`));
    const called = (list: readonly string[]) => [...new Set(list)].map((name) => name || NAMELESS).join(', ');
    return {
      'replica-silent': silent.length > 0 && called(silent.map((r) => r.name)),
      'replica-name-twice': twice.length > 0 && called(twice),
      'replicas-differ':
        builds.size > 1 && live.map((r) => `${r.name || NAMELESS}: ${r.build}, schema ${r.schema}`).join('; '),
    };
  },
});

/** Checks for decisions that are due before the first enrolment. */
export const setUpCheck = check({
  name: 'set-up',
  of: 'installation',
  everyMs: MINUTE_MS,
  outcomes: {
    'administrator-missing': {
      level: 'note',
      says: 'No administrator has a password and a second factor yet.',
      next: `Sign in with the link of \`${command('accounts link ID')}\`, and set both under Your account.`,
    },
    'consent-text-missing': {
      level: 'note',
      says: 'No consent text of your own is in force: people see the built-in one.',
      next: 'Write it in the console under Privacy, Consent texts, and have a second person review it.',
    },
    'contacts-missing': {
      level: 'note',
      says: 'Controller and contact are not set: people can’t see who is responsible for their data.',
      next: 'Set them in the console under Settings, Privacy contacts.',
    },
    'time-zone-unset': {
      level: 'note',
      says: 'A site’s time zone is UTC, which decides when its days begin and end.',
      next: 'Set the site’s time zone in the console under Settings, if it is another.',
    },
  },
  async inspect(subject) {
    const { db } = opened(subject);
    const sites = await db.selectFrom('site').select('time_zone').execute();
    return {
      administrator: await hasEnrolledAdmin(db),
      texts: (await textsInForce(db)).length,
      contacts: ((await policyOf(db, DEFAULT_SCOPE)).privacy ?? null) !== null,
      utc: sites.some(({ time_zone }) => time_zone === 'UTC' || time_zone === 'Etc/UTC'),
    };
  },
  judge: ({ administrator, texts, contacts, utc }) => ({
    'administrator-missing': !administrator,
    'consent-text-missing': texts === 0,
    'contacts-missing': !contacts,
    'time-zone-unset': utc,
  }),
});

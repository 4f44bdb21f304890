import { Ed25519PublicJwk } from '../../protocol/wire/batch.ts';
import { SYSTEM } from './audit/actor.ts';
import { auditAnchorJob } from './audit/anchors.ts';
import { auditKeyPlace } from './audit/keys.ts';
import { purgeAudit } from './audit/purge.ts';
import { changeLogJob } from './changes/log.ts';
import type { ChangeOf, Reader } from './changes/to-kiosks.ts';
import { inTransaction } from './database/retry.ts';
import type { Job } from './jobs/job.ts';
import { pruneRuns } from './jobs/runs.ts';
import { destroyPersonKeys, personKeyPlace } from './keys/persons.ts';
import { type KeyPurpose, keyPlace } from './keys/vault.ts';
import { tokenKeyPlace } from './keys/versions.ts';
import { type ServerModule, UNDER_EVERY_NAME } from './server-module.ts';

/** Deletes audit rows older than the retention period and writes a signed checkpoint. */
const auditPurgeJob: Job = {
  name: 'audit-purge',
  everyMs: 24 * 60 * 60 * 1000,
  async run({ db, keys, keyring, config, now }) {
    const at = now();
    const { serverId, signing } = keyring;
    const o = { days: config.auditDays, actor: SYSTEM, serverId, signing };
    const { removed, oldest } = await inTransaction(db, (tx) => purgeAudit(tx, keys, o, at));
    return { removed, oldest: oldest?.toISOString() ?? null };
  },
};

const DAY_MS = 86_400_000;
/** Reports of purges and backups are evidence, so they are kept longer than the audit log's minimum. */
const KEEP_DAYS = 400;

/** Deletes old reports of job runs. */
const runsJob: Job = {
  name: 'job-runs',
  everyMs: DAY_MS,
  run: async ({ db, now }) => ({ removed: await pruneRuns(db, new Date(now().getTime() - KEEP_DAYS * DAY_MS)) }),
};

const KEYS = { notPersonal: 'keys' };

/** Keys that people's codes may be signed with. Read from the database, because another replica may have created one. */
async function issuers({ source: { db } }: Reader): Promise<ChangeOf<'issuers'>> {
  const rows = await db
    .selectFrom('keyring.server_key')
    .select('public')
    .where('purpose', '=', 'qr')
    .where('retired_at', 'is', null)
    .orderBy('serial', 'desc')
    .orderBy('id')
    .execute();
  return { kind: 'issuers', keys: rows.map((r) => Ed25519PublicJwk.parse(JSON.parse(r.public))) };
}

/** Tables and jobs of the platform: keys, the audit log, jobs, the log of changes for kiosks. */
export const platform: ServerModule = {
  jobs: [auditAnchorJob, auditPurgeJob, changeLogJob, runsJob],
  kioskChanges: {
    keys: { state: async ({ source }) => ({ kind: 'keys', keys: await source.publicKeys() }) },
    issuers: { state: issuers },
  },
  tables: {
    'keyring.server_key': {
      sealed: {
        by: 'environment',
        purpose: 'keyring',
        id: { id: 'text' },
        reads: ['purpose'],
        columns: { private: (cell) => keyPlace(cell('purpose') as KeyPurpose, cell('id')) },
      },
      ...KEYS,
    },
    'keyring.listener': {
      sealed: {
        by: 'environment',
        purpose: 'keyring',
        id: { purpose: 'text', hostnames: 'text' },
        columns: { private: (cell) => keyPlace(cell('purpose') as 'devices' | 'people', cell('hostnames')) },
      },
      ...KEYS,
    },
    'keyring.audit_key': {
      sealed: {
        by: 'environment',
        purpose: 'keyring',
        id: { version: 'integer' },
        columns: { sealed: (cell) => auditKeyPlace(Number(cell('version'))) },
      },
      ...KEYS,
    },
    'keyring.token_key': {
      sealed: {
        by: 'environment',
        purpose: 'keyring',
        id: { one: 'boolean' },
        columns: { sealed: () => tokenKeyPlace },
      },
      ...KEYS,
    },
    'keyring.person_key': {
      sealed: {
        by: 'environment',
        purpose: 'keyring',
        id: { person: 'uuid' },
        reads: ['generation'],
        columns: { sealed: (cell) => personKeyPlace(cell('person'), Number(cell('generation'))) },
        versionColumn: 'key_version',
      },
      notExported: 'a random key that opens what the export shows in the clear; it describes nobody',
      merged: UNDER_EVERY_NAME,
      // The step `scrub` removes the dead row from the disk.
      erased: ({ tx, people }) => destroyPersonKeys(tx, people),
    },
    'keyring.identity': KEYS,
    'keyring.key_version': KEYS,
    'keyring.replica': KEYS,
    'keyring.rotation': KEYS,
    audit: {
      exported: 'accesses',
      merged: UNDER_EVERY_NAME,
      erased: 'stays: it names people by aliases, made by a root that goes with the person’s key',
    },
    audit_anchor: { notPersonal: 'MACs of the audit log' },
    audit_checkpoint: { notPersonal: 'MACs of the audit log' },
    change: {
      notExported: 'names people by id alone, to have kiosks read again what the sections show',
      merged: 'stays: kiosks know the merged person by that name',
      erased: 'stays until it is compacted: it has ids and never values, and kiosks have to read of the erasure',
    },
    job_run: { notPersonal: 'reports of jobs, which name nobody' },
    meta: { notPersonal: 'the database’s own identity' },
    idempotency: { notPersonal: 'answers to writes of the last day, sealed under a key that only their client has' },
    sign_in_attempt: { notPersonal: 'counts failures by a keyed hash of an address, for a short time' },
  },
};

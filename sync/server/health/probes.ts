import { statfs } from 'node:fs/promises';
import { sql } from 'kysely';
import type { Db } from '../database/schema.ts';
import { QUARANTINE_FULL } from '../ingest/room.ts';
import type { Keyring } from '../keys/keyring.ts';
import type { Finding, Probe } from './readiness.ts';

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;
/** Free space below which the server takes no traffic, and below which it says so, bytes. */
const DISK_FULL = 100 * MIB;
const DISK_LOW = 1024 * MIB;
/** Difference of our clock to the database's that is told, and that is too much for certificates and sessions, ms. */
const CLOCK_DIFFERS = 5_000;
const CLOCK_WRONG = 300_000;

/** The database answers, and takes writes: one that is a standby, or was set read-only, does not. */
export function databaseProbe(db: Db): Probe {
  return {
    name: 'database',
    async look() {
      const { rows } = await sql<{ standby: boolean; read_only: string }>`
        select pg_is_in_recovery() as standby, current_setting('transaction_read_only') as read_only`.execute(db);
      const { standby, read_only } = rows[0]!;
      return standby || read_only === 'on' ? [{ code: 'database-read-only', blocks: true }] : [];
    },
  };
}

/** The keys can be read and opened. */
export function keyringProbe(keyring: Pick<Keyring, 'refresh'>): Probe {
  return {
    name: 'keyring',
    async look() {
      await keyring.refresh();
      return [];
    },
  };
}

/**
 * Every broker of the operator's is connected. It does not block: kiosks come by HTTPS meanwhile, and a broker that all
 * replicas lost would else take all of them out of service.
 */
export function brokerProbe(mqtt: { readonly connected: boolean }): Probe {
  return {
    name: 'broker',
    look: async () => (mqtt.connected ? [] : [{ code: 'broker-not-connected', blocks: false }]),
  };
}

/** @param free bytes that this process may still write */
export function diskProbe(folder: string, free = freeBytes): Probe {
  return {
    name: 'disk',
    async look() {
      const left = await free(folder);
      if (left < DISK_FULL) return [{ code: 'disk-full', blocks: true }];
      return left < DISK_LOW ? [{ code: 'disk-low', blocks: false }] : [];
    },
  };
}

/** Our clock and the database's tell the same time: certificates, sessions and the audit log are dated by ours. */
export function clockProbe(db: Db, now: () => Date): Probe {
  return {
    name: 'clock',
    async look(): Promise<Finding[]> {
      const before = now().getTime();
      const { rows } = await sql<{ theirs: Date }>`select clock_timestamp() as theirs`.execute(db);
      const ours = (before + now().getTime()) / 2;
      const apart = Math.abs(rows[0]!.theirs.getTime() - ours);
      if (apart > CLOCK_WRONG) return [{ code: 'clock-wrong', blocks: true }];
      return apart > CLOCK_DIFFERS ? [{ code: 'clock-differs', blocks: false }] : [];
    },
  };
}

/**
 * No device fills the quarantine: of one that did within the last day events are not kept, until somebody has looked at it.
 */
export function quarantineProbe(db: Db, now: () => Date): Probe {
  return {
    name: 'quarantine',
    async look() {
      const since = new Date(now().getTime() - DAY_MS).toISOString();
      const { rows } = await sql<{ full: boolean }>`
        select exists (select 1 from quarantine where unkept is not null and received_at > ${since}::timestamptz) as full`.execute(
        db,
      );
      return rows[0]!.full ? [{ code: QUARANTINE_FULL, blocks: false }] : [];
    },
  };
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

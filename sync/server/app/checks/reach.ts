import { randomUUID } from 'node:crypto';
import { command } from '../../../disk/program.ts';
import { Problem } from '../../../errors/problem.ts';
import { reachMail } from '../../core/accounts/mail.ts';
import { PREFIX } from '../../platform/objects/sealed/layout.ts';
import type { S3Settings } from '../../platform/objects/settings.ts';
import { openObjectStore } from '../../platform/objects/store.ts';
import { check, MINUTE_MS, problemDetail, SECOND_MS } from './check.ts';

/** Checks of the services that the server needs besides its database. Each is tested the way the server uses it. */

/**
 * Checks that every broker of the operator is connected and lets this replica read and write. Never `stops`: kiosks use HTTPS
 * meanwhile, and otherwise a broker that all replicas lost would take all of them out of service.
 */
export const brokerCheck = check({
  name: 'broker',
  of: 'process',
  everyMs: 15 * SECOND_MS,
  withoutDatabase: true,
  outcomes: {
    'broker-not-connected': {
      level: 'degrades',
      says: 'A broker can’t be reached: kiosks use HTTPS instead.',
      next: `Check that it is running, SMARTPRESENCE_MQTT_URL, and that this server’s CA issued its certificate. To run Mosquitto here: \`${command('server mosquitto --out /etc/smartpresence/mosquitto --hostname HOST')}\`, \`systemctl disable --now mosquitto\` (Debian’s own service, on the same port), then \`systemctl enable --now smartpresence-mosquitto\`.`,
    },
    'broker-not-readable': {
      level: 'degrades',
      says: 'This replica receives nothing from a broker: kiosks use HTTPS instead.',
      next: `Write the broker’s rules again, naming every replica (\`${command('server mosquitto --out /etc/smartpresence/mosquitto --access --replica a,b')}\`), then \`systemctl reload smartpresence-mosquitto\`.`,
    },
    'broker-not-writable': {
      level: 'degrades',
      says: 'A broker accepts no responses from this replica: kiosks use HTTPS instead.',
      next: `Write the broker’s rules again, naming every replica (\`${command('server mosquitto --out /etc/smartpresence/mosquitto --access --replica a,b')}\`), then \`systemctl reload smartpresence-mosquitto\`.`,
    },
  },
  inspect: async ({ broker }) =>
    broker &&
    (broker.connected ? { connected: true as const, ...(await broker.tryOut()) } : { connected: false as const }),
  judge(seen) {
    if (!seen?.connected) return { 'broker-not-connected': seen !== null };
    return { 'broker-not-readable': !seen.reads, 'broker-not-writable': !seen.writes };
  },
});

/** Writes a small object, reads it back, and deletes it with all its versions. @throws Problem `s3-…` */
export async function tryStore(settings: S3Settings): Promise<void> {
  const store = openObjectStore(settings);
  // A place where the server may write and its erasing role may delete (build/iam). No photo has such a name.
  const key = `${PREFIX.checkinPhotos}check-${randomUUID()}`;
  try {
    await store.put(key, Buffer.from('SmartPresence check\n'));
    await store.deleteEveryVersion(key);
  } finally {
    store.close();
  }
}

export const storeCheck = check({
  name: 'object-store',
  of: 'installation',
  everyMs: 10 * MINUTE_MS,
  withoutDatabase: true,
  outcomes: {
    's3-unusable': {
      level: 'degrades',
      says: 'The object store can’t be written to, read from and deleted from: there are no backups.',
      next: `Do what the detail says, then \`${command('backup audit')}\`.`,
    },
    'backups-not-configured': {
      level: 'note',
      says: 'No object store is set: there are no backups.',
      next: `Set S3_BUCKET_NAME and what belongs to it, then \`${command('backup setup')}\` (docs/operate/backup.md).`,
    },
  },
  inspect: ({ config }) => reached(config.s3, tryStore),
  judge: ({ configured, problem }) => ({
    's3-unusable': problem && problemDetail(problem),
    'backups-not-configured': !configured,
  }),
});

/** Returns whether a service is configured, and what is wrong with it. */
async function reached<T>(
  settings: T | null,
  attempt: (settings: T) => Promise<unknown>,
): Promise<{ configured: boolean; problem: Problem | null }> {
  if (!settings) return { configured: false, problem: null };
  try {
    await attempt(settings);
    return { configured: true, problem: null };
  } catch (cause) {
    if (cause instanceof Problem) return { configured: true, problem: cause };
    throw cause;
  }
}

/** Checks that the mail server accepts our name and password. Sends nothing. */
export const mailCheck = check({
  name: 'mail',
  of: 'installation',
  everyMs: 10 * MINUTE_MS,
  withoutDatabase: true,
  outcomes: {
    'mail-unreachable': {
      level: 'degrades',
      says: 'The mail server can’t be reached, or refuses this server: no mail is sent.',
      next: 'Check SMTP_URL, SMTP_CA_FILE and the firewall.',
    },
    'mail-not-configured': {
      level: 'note',
      says: 'No mail server is set: staff hand out links themselves.',
      next: 'Set SMTP_URL and SMTP_FROM.',
    },
  },
  inspect: ({ config }) => reached(config.mail, reachMail),
  judge: ({ configured, problem }) => ({
    'mail-unreachable': problem && problemDetail(problem),
    'mail-not-configured': !configured,
  }),
});

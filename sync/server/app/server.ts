import { X509Certificate } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { hasEnrolledAdmin } from '../core/accounts/accounts.ts';
import { createLink } from '../core/accounts/links.ts';
import { identityContext } from '../core/devices/join.ts';
import { configuredLease } from '../core/sites/policy.ts';
import { ensureDefaultSite } from '../core/sites/sites.ts';
import { SessionMemory } from '../platform/access/memory.ts';
import { keepHead } from '../platform/audit/head.ts';
import { SERVER_BUILD } from '../platform/build-name.ts';
import { knownMigrations } from '../platform/database/migrations.ts';
import { openDatabase } from '../platform/database/open.ts';
import type { Signals } from '../platform/database/signals.ts';
import { makeServerHome } from '../platform/home.ts';
import { type Listener, TLS_VERSIONS } from '../platform/http/listener.ts';
import { notListening } from '../platform/http/not-listening.ts';
import { urlOf } from '../platform/http/url.ts';
import { startJobs } from '../platform/jobs/runner.ts';
import { type Keyring, openKeyring } from '../platform/keys/keyring.ts';
import { followCertificate } from '../platform/keys/people-certificate.ts';
import { keepBeating } from '../platform/keys/replica.ts';
import { keysOf } from '../platform/keys/settings.ts';
import { jobsOf } from '../platform/server-module.ts';
import { WatchedScreens } from '../platform/watched-screens.ts';
import { CHECKS } from './checks/all.ts';
import { Watch } from './checks/watch.ts';
import type { Config } from './config.ts';
import { createDeviceListener } from './devices/listener.ts';
import { nudger } from './downstream/nudges.ts';
import { startOperations } from './health/start.ts';
import { startHub } from './live/start.ts';
import { MODULES } from './modules.ts';
import { startMqtt } from './mqtt/start.ts';
import { listenForOperator } from './operator.ts';
import { createPeopleListener } from './people-listener.ts';
import { startAttendanceWorker } from './worker.ts';

export interface RunningServer {
  readonly peopleUrl: string;
  readonly deviceUrl: string;
  /** URL of the console. Signs in as administrator, once within an hour, while no administrator has a second factor. */
  readonly adminLink: string;
  /** Fingerprint of the people listener's certificate, as browsers show it. */
  readonly certificateSha256: string;
  /** Port of the listener for health and metrics; null: none. */
  readonly operationsPort: number | null;
  /** Reports the server as not ready from now on, and keeps serving. */
  stopping(): void;
  close(): Promise<void>;
}

/** How often the keyring is read without a signal, ms. */
const KEYRING_MS = 5000;

/** Folder of the built screens. */
const PAGES = join(import.meta.dirname, '../../../dist/renderer');

/**
 * Starts the server: database under its lock, keyring, both listeners.
 *
 * @throws Problem `database-in-use`, `wrong-encryption-key`, `port-in-use`, `bad-people-certificate`, …; nothing is left running
 */
export async function startServer(
  config: Config,
  log: Logger,
  { now = () => new Date(), pages = PAGES }: { now?: () => Date; pages?: string } = {},
): Promise<RunningServer> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const keys = keysOf(config);
    makeServerHome(config.home);
    const database = await openDatabase(config.home, {
      postgres: config.database,
      onLost: (err) => log.warn({ code: 'database-connection-lost', err }, 'a database connection broke; reconnecting'),
    });
    const { db, logEpoch, signals } = database;
    closers.push(database.close);
    for (const { code, message } of database.warnings) log.warn({ code }, message);
    const keyring = await openKeyring(db, keys, {
      hostnames: config.hostnames,
      now: () => now().getTime(),
    });
    const identity = identityContext({ db, keys, keyring, now, config, port: () => portOf(devices) });
    closers.push(keepFresh(keyring, signals, log));
    const { replica } = config.mqtt;
    const about = { name: replica, build: SERVER_BUILD, schema: knownMigrations().at(-1)! };
    closers.push(await keepBeating(db, keys, log, about));
    closers.push(keepHead({ db, keys, keyring, home: config.home, log, now }));
    await ensureDefaultSite(db, { id: keyring.serverId, ...config.site, repeatSeconds: config.repeatSeconds }, now());
    await configuredLease(db, config.leaseDays, now());
    closers.push(startAttendanceWorker(database, keys, log, now, config.retention.erasureUndoDays));
    const memory = new SessionMemory();
    closers.push(memory.follow(db, now, log));
    const screens = new WatchedScreens();
    closers.push(screens.follow(now));
    const services = {
      db,
      memory,
      screens,
      keys,
      keyring,
      config,
      modules: MODULES,
      log,
      now,
      notify: (what: 'board' | 'change') => signals.notify(what),
      devicePort: () => portOf(devices),
    };
    const jobs = await startJobs(services, jobsOf(MODULES), { alone: database.kind === 'embedded' });
    closers.push(() => jobs.stop());
    // Erasure requests, and builds that fail, are handled at once rather than at the job's next regular run.
    signals.hear('change', () => jobs.check('erasure'));
    signals.hear('change', () => jobs.check('rollouts'));
    const hub = startHub(services, logEpoch);
    closers.push(() => hub.close());
    signals.hear('board', () => hub.changed());
    const messages = {
      ...identity,
      modules: MODULES,
      logEpoch,
      log,
      undoDays: config.retention.erasureUndoDays,
      onChange: () => signals.notify('board'),
      onKioskChange: () => signals.notify('change'),
    };
    const devices = createDeviceListener({ ...messages, screens, updates: config.updates });
    closers.push(() => devices.close());
    const followed = config.peopleCertificate && followCertificate(config.peopleCertificate, log);
    if (followed) closers.push(async () => followed.close());
    const certificate = () => followed?.now ?? keyring.people;
    const people = await createPeopleListener({
      services,
      hub,
      certificate: certificate(),
      trusted: config.peopleCertificate !== null,
      hostnames: config.hostnames,
      trustedProxies: config.trustedProxies,
      pages,
      log,
    });
    closers.push(() => people.close());
    await listen(devices, config, config.devicePort, 'SMARTPRESENCE_DEVICE_PORT');
    const mqtt = await startMqtt({ settings: config.mqtt, bind: config.bind, identity, messages, log });
    closers.push(() => mqtt.close());
    const watch = new Watch({
      checks: CHECKS,
      subject: { config, now, open: { db, keys, keyring }, broker: config.mqtt.brokers.length > 0 ? mqtt : null },
      replica,
      log,
      onChange: () => signals.notify('board'),
    });
    closers.push(watch.start());
    const operations = await startOperations({
      settings: config.operations,
      db,
      readiness: watch,
      certificate: certificate(),
      held: () => ({
        liveScreens: hub.size,
        mqtt: { connected: mqtt.connected, devices: mqtt.connectedDevices.size, dropped: mqtt.dropped },
        pool: database.pool(),
      }),
      log,
      now,
    });
    closers.push(operations.close);
    const renew = () => {
      const { keyPem, certPem } = certificate();
      people.server.setSecureContext({ ...TLS_VERSIONS, key: keyPem, cert: certPem });
      operations.renewCertificate(certificate());
    };
    if (followed) followed.onChange(renew);
    else keyring.onChange(renew);
    signals.hear('change', await nudger(db, (due) => mqtt.nudge(due), log));
    if (database.kind === 'embedded') closers.push(await listenForOperator(config.home, services));
    const peopleUrl = await listen(people, config, config.peoplePort, 'SMARTPRESENCE_PEOPLE_PORT');
    // Anyone who can read this output could also read the keys. Once an administrator has a second factor, no sign-in link
    // is printed any more; `accounts link` makes one.
    const enter = (await hasEnrolledAdmin(db))
      ? ''
      : `#enter=${(await createLink(db, keys, { kind: 'operator' }, now())).token}`;
    return {
      peopleUrl,
      deviceUrl: identity.deviceUrl(),
      // The token is in the fragment, which browsers never send, so no log, proxy or link scanner gets it.
      adminLink: `${peopleUrl}/console/${enter}`,
      certificateSha256: new X509Certificate(certificate().certPem).fingerprint256,
      operationsPort: operations.port,
      stopping: () => watch.stop(),
      close,
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** Follows changes of the keyring by other replicas or the command line, and renews certificates near their end. */
function keepFresh(keyring: Keyring, signals: Signals, log: Logger): () => Promise<void> {
  const check = () => {
    keyring
      .refresh()
      .catch((err: unknown) => log.warn({ code: 'keyring-not-read', err }, 'the keyring could not be read'));
  };
  const ticker = setInterval(check, KEYRING_MS).unref();
  const deaf = signals.hear('change', check);
  return async () => {
    clearInterval(ticker);
    deaf();
  };
}

/** Returns the port that a listener listens on; null if it does not listen yet. */
function portOf(listener: Listener): number | null {
  return (listener.server.address() as AddressInfo | null)?.port ?? null;
}

async function listen(listener: Listener, config: Config, port: number, variable: string): Promise<string> {
  try {
    await listener.listen({ host: config.bind, port });
  } catch (cause) {
    throw notListening(cause, config.bind, port, variable);
  }
  return urlOf(config.hostnames[0]!, portOf(listener)!);
}

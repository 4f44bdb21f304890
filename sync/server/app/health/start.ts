import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { Db } from '../../platform/database/schema.ts';
import type { KeyAndCertificate } from '../../platform/keys/certificates.ts';
import { measureProcess, registry } from '../../platform/logs/meter.ts';
import type { Watch } from '../checks/watch.ts';
import { fleetRegistry, readFleet } from './fleet.ts';
import { listenForOperations } from './listener.ts';
import { type Held, heldRegistry } from './process.ts';
import type { OperationsSettings } from './settings.ts';

export interface Operations {
  /** Of the operations listener; null: none was asked for. */
  readonly port: number | null;
  /** For its TLS, where it has any. */
  renewCertificate(renewed: KeyAndCertificate): void;
  close(): Promise<void>;
}

/**
 * What shows operators how the server is.
 *
 * @param o `held`: asked at each scrape
 * @throws Problem `port-in-use`, `can-not-listen`
 */
export async function startOperations(o: {
  readonly settings: OperationsSettings | null;
  readonly db: Db;
  readonly readiness: Watch;
  readonly certificate: KeyAndCertificate;
  readonly held: () => Held;
  readonly log: Logger;
  readonly now: () => Date;
}): Promise<Operations> {
  const { settings, db, now } = o;
  if (!settings) return { port: null, renewCertificate: () => undefined, close: async () => undefined };
  measureProcess();
  const metrics = async () => {
    const all = [registry, heldRegistry(o.held())];
    try {
      all.push(fleetRegistry(await readFleet(db, now())));
    } catch (err) {
      // What the process counts is reported also while the database is away: that is when it is looked at.
      o.log.warn({ code: 'fleet-not-read', err }, 'figures of the database could not be read');
    }
    return Registry.merge(all).metrics();
  };
  return listenForOperations({ ...o, settings, metrics });
}

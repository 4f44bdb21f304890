import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { Db } from '../database/schema.ts';
import type { KeyAndCertificate } from '../keys/certificates.ts';
import type { Keyring } from '../keys/keyring.ts';
import { fleetRegistry, readFleet } from './fleet.ts';
import { listenForOperations } from './listener.ts';
import { measureProcess, registry } from './meter.ts';
import { brokerProbe, clockProbe, databaseProbe, diskProbe, keyringProbe, quarantineProbe } from './probes.ts';
import { type Held, heldRegistry } from './process.ts';
import { Readiness } from './readiness.ts';
import type { OperationsSettings } from './settings.ts';

export interface Operations {
  /** Of the operations listener; null: none was asked for. */
  readonly port: number | null;
  /** From now on the server says that it is not ready. */
  stopping(): void;
  close(): Promise<void>;
}

/**
 * What tells operators how the server is.
 *
 * @param o `held`: asked at each scrape
 * @throws Problem `port-in-use`, `can-not-listen`
 */
export async function startOperations(o: {
  readonly settings: OperationsSettings | null;
  readonly db: Db;
  readonly keyring: Keyring;
  readonly home: string;
  readonly certificate: KeyAndCertificate;
  readonly mqtt: { readonly connected: boolean };
  readonly held: () => Held;
  readonly log: Logger;
  readonly now: () => Date;
}): Promise<Operations> {
  const { settings, db, now } = o;
  if (!settings) return { port: null, stopping: () => undefined, close: async () => undefined };
  const readiness = new Readiness(
    [
      databaseProbe(db),
      keyringProbe(o.keyring),
      brokerProbe(o.mqtt),
      diskProbe(o.home),
      clockProbe(db, now),
      quarantineProbe(db, now),
    ],
    o.log,
  );
  measureProcess();
  const metrics = async () => {
    const all = [registry, heldRegistry(o.held())];
    try {
      all.push(fleetRegistry(await readFleet(db, now())));
    } catch (err) {
      // What the process counts is told also while the database is away: that is when it is looked at.
      o.log.warn({ code: 'fleet-not-read', err }, 'figures of the database could not be read');
    }
    return Registry.merge(all).metrics();
  };
  const { port, close } = await listenForOperations({ ...o, settings, readiness, metrics });
  return { port, stopping: () => readiness.stop(), close };
}

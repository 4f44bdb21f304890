import type { ServerBundle } from '../../protocol/wire/provisioning.ts';
import type { Db } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import type { Keyring } from '../keys/keyring.ts';

/** What registering and approving devices works on: the same in a running server and in the command line. */
export interface IdentityContext {
  readonly db: Db;
  readonly keys: Keys;
  readonly keyring: Keyring;
  readonly now: () => Date;
  /** https://host:port of the listener for devices, as kiosks reach it. */
  readonly deviceUrl: () => string;
  /** Broker addresses that kiosks are given. */
  readonly mqttUrls: readonly string[];
  /** The site of a device; null: the default one. @throws Problem `unknown-site` */
  readonly site: (id: string | null) => Promise<ServerBundle['site']>;
}

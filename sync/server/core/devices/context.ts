import { Problem } from '../../../errors/problem.ts';
import type { ServerBundle } from '../../../protocol/wire/provisioning.ts';
import type { Config } from '../../app/config.ts';
import type { Db } from '../../platform/database/schema.ts';
import { urlOf } from '../../platform/http/url.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import type { Keyring } from '../../platform/keys/keyring.ts';

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

/** @param port of the devices listener once it listens; before, or elsewhere, the configured one counts */
export function identityContext(
  o: Pick<IdentityContext, 'db' | 'keys' | 'keyring' | 'now'> & {
    readonly config: Config;
    readonly port?: () => number | null;
  },
): IdentityContext {
  const { db, keys, keyring, now, config, port } = o;
  return {
    db,
    keys,
    keyring,
    now,
    deviceUrl: () => urlOf(config.hostnames[0]!, port?.() ?? config.devicePort),
    mqttUrls: config.mqtt.kioskUrls,
    site: (id) => siteOf(db, id, { id: keyring.serverId, ...config.site }),
  };
}

async function siteOf(db: Db, id: string | null, standing: ServerBundle['site']): Promise<ServerBundle['site']> {
  const query = db.selectFrom('site').select(['id', 'name', 'time_zone']);
  const row = await (id ? query.where('id', '=', id) : query.where('is_default', '=', true)).executeTakeFirst();
  if (row) return { id: row.id, name: row.name, timeZone: row.time_zone };
  if (id) throw new Problem('unknown-site');
  return standing;
}

import rateLimit from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import { openFarewell, openLogs } from '../../../protocol/seal/farewell.ts';
import { keyId } from '../../../protocol/seal/keys.ts';
import { FAREWELL_PATH, LOGS_PATH, MAX_FAREWELL_BYTES, MAX_LOGS_BYTES } from '../../../protocol/wire/farewell.ts';
import { findDevice } from '../../core/devices/registry.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { find } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Listener } from '../../platform/http/listener.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import type { Keyring } from '../../platform/keys/keyring.ts';
import type { WatchedScreens } from '../../platform/watched-screens.ts';
import { keepLogs, takeFarewell, unpacked } from './commands.ts';

/** Farewells per minute from one address. Limited because anyone can send one, and each costs a lookup and a verification. */
const FAREWELLS_A_MINUTE = 30;

interface Context {
  readonly db: Db;
  readonly keys: Keys;
  readonly keyring: Keyring;
  readonly now: () => Date;
  readonly log: Logger;
  readonly onChange: () => void;
  readonly screens: WatchedScreens;
}

/**
 * Registers `POST /v1/logs` (body: sealed logs, or the picture of a watched screen) for registered devices, and
 * `POST /v1/farewell` (body: a farewell), which needs no client certificate, since a kiosk that leaves has none any more.
 * See docs/develop/protocol.md, "Leaving".
 *
 * @param exclusive runs `work` with the id of the sending device, one request per device at a time
 */
export function registerLeaving(
  app: Listener,
  o: Context,
  exclusive: <T>(request: FastifyRequest, work: (device: string) => Promise<T>) => Promise<T>,
): void {
  app.post(LOGS_PATH, { bodyLimit: MAX_LOGS_BYTES }, async (request, reply) => {
    const sealed = z.string().parse(request.body);
    await exclusive(request, async (id) => {
      const device = await findDevice(o.db, id);
      const logs = await openLogs(
        sealed,
        {
          sealing: async (kid) => o.keyring.sealingFor(kid),
          device: async () => device && { kty: 'OKP', crv: 'Ed25519', x: device.ed25519 },
        },
        { serverId: o.keyring.serverId, device: id },
      );
      if (o.screens.isWatched(id, logs.command, o.now()))
        return o.screens.take(id, unpacked(Buffer.from(logs.gz, 'base64')), o.now());
      await inTransaction(o.db, (tx) => keepLogs(tx, o.keys, id, logs, o.now()));
      o.onChange();
    });
    return reply.code(204).send();
  });

  app.register(async (scope) => {
    await scope.register(rateLimit, { global: false });
    const limited = { rateLimit: { max: FAREWELLS_A_MINUTE, timeWindow: '1 minute' } };
    scope.post(FAREWELL_PATH, { bodyLimit: MAX_FAREWELL_BYTES, config: limited }, async (request, reply) => {
      const signed = z.string().parse(request.body);
      const { device, farewell } = await openFarewell(signed, o.keyring.serverId, async (id, { command, key }) => {
        if (!key) {
          const known = await findDevice(o.db, id);
          return known && { kty: 'OKP', crv: 'Ed25519', x: known.ed25519 };
        }
        // Only the key that the kiosk announced, compared by thumbprint.
        const asked = await find(o.db, 'fleet_command', { id: command, device: id }, ['farewell_key']);
        return asked?.farewell_key === (await keyId(key)) ? key : null;
      });
      const { command, what } = farewell;
      const taken = await inTransaction(o.db, (tx) => takeFarewell(tx, { device, command, what }, o.now()));
      if (taken) o.log.warn({ device, what }, 'a kiosk has confirmed that it destroyed everything; it was revoked');
      o.onChange();
      return reply.code(204).send();
    });
  });
}

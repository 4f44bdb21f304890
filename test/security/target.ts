import { pino } from 'pino';
import { createDeviceIdentity, type DeviceSecret, deviceRequest } from '../../sync/edge/identity.ts';
import { openAck } from '../../sync/protocol/seal/ack.ts';
import { sealAsk } from '../../sync/protocol/seal/ask.ts';
import { keyId } from '../../sync/protocol/seal/keys.ts';
import type { Ack } from '../../sync/protocol/wire/ack.ts';
import { type Ed25519PrivateJwk, PROTOCOL_VERSION, TYP, type X25519PublicJwk } from '../../sync/protocol/wire/batch.ts';
import type { Ask } from '../../sync/protocol/wire/changes.ts';
import { type DeviceMessage, type MessageContext, takeMessage } from '../../sync/server/app/devices/messages.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import type { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { type Keyring, openKeyring } from '../../sync/server/platform/keys/keyring.ts';
import { newKeys } from '../kit/keys.ts';
import { MemoryOutbox } from '../kit/outbox.ts';
import { registerDevice } from '../kit/register.ts';
import { type JweOptions, json, padded, rawJwe, rawJws } from './raw-messages.ts';

/** A kiosk with registered keys. */
export interface Kiosk {
  readonly box: MemoryOutbox;
  readonly secret: DeviceSecret;
}

/** The server's message handler on a real database. */
export class Target {
  readonly database: OpenDatabase;
  readonly keys: Keys;
  readonly keyring: Keyring;
  readonly context: MessageContext;
  /** Every line of the server's log. */
  readonly lines: string[] = [];

  private constructor(database: OpenDatabase, keys: Keys, keyring: Keyring) {
    this.database = database;
    this.keys = keys;
    this.keyring = keyring;
    const log = pino({ level: 'debug' }, { write: (line: string) => void this.lines.push(line) });
    this.context = {
      db: database.db,
      keys,
      keyring,
      now: () => new Date(),
      modules: MODULES,
      logEpoch: database.logEpoch,
      log,
      undoDays: 0,
      onChange: () => undefined,
      onKioskChange: () => undefined,
    };
  }

  /** @param keys those of the replica that opened this database first */
  static async open(database: OpenDatabase, keys = newKeys()): Promise<Target> {
    return new Target(
      database,
      keys,
      await openKeyring(database.db, keys, { hostnames: ['127.0.0.1'], now: Date.now }),
    );
  }

  get sealing(): X25519PublicJwk {
    return this.keyring.publicKeys.sealing;
  }

  async kiosk(): Promise<Kiosk> {
    const box = new MemoryOutbox();
    const secret = await createDeviceIdentity(box.device);
    await registerDevice(this.database.db, await deviceRequest(secret, 'Door'), new Date());
    return { box, secret };
  }

  take(kiosk: Kiosk, sealed: string, kind: DeviceMessage['kind'] = 'batch'): Promise<string> {
    return takeMessage(this.context, { kind, sealed, device: kiosk.box.device });
  }

  /** Returns the header of an honest batch of these events. */
  header(kiosk: Kiosk, events: readonly unknown[], first = 1) {
    return {
      alg: 'EdDSA',
      typ: TYP.batch,
      iss: kiosk.box.device,
      aud: this.keyring.serverId,
      epoch: kiosk.box.epoch,
      first,
      last: first + events.length - 1,
      spv: PROTOCOL_VERSION,
    };
  }

  /** Builds the inner JWS of a batch as the kiosk would, except for the given changes. */
  jws(
    kiosk: Kiosk,
    events: readonly unknown[],
    options: {
      header?: (usual: Record<string, unknown>) => unknown;
      body?: (usual: Record<string, unknown>) => unknown;
      key?: Ed25519PrivateJwk | null;
      first?: number;
    } = {},
  ): string {
    const { header = (h) => h, body = (b) => b, key = kiosk.secret.signing, first = 1 } = options;
    const payload = body({ sentAt: new Date().toISOString(), events });
    const bytes = payload instanceof Uint8Array ? payload : json(payload);
    return rawJws(header(this.header(kiosk, events, first)), bytes, key);
  }

  async seal(jws: string, options: JweOptions = {}): Promise<string> {
    return rawJwe(padded(jws), this.sealing, options);
  }

  /** Builds what an attacker with a stolen signing key can send: any events, properly signed and sealed. */
  async batch(kiosk: Kiosk, events: readonly unknown[], first = 1): Promise<string> {
    return this.seal(this.jws(kiosk, events, { first }));
  }

  async ask(
    kiosk: Kiosk,
    jti: string = crypto.randomUUID(),
    more: Partial<Extract<Ask, { what: 'changes' }>> = {},
  ): Promise<string> {
    const { keyring } = this;
    const trusts = await Promise.all(keyring.publicKeys.signing.map((k) => keyId(k)));
    return sealAsk(
      { what: 'changes', epoch: kiosk.box.epoch, cursor: '', limit: 200, trusts, presenceAfter: null, ...more },
      { device: kiosk.box.device, signing: kiosk.secret.signing, server: this.sealing, serverId: keyring.serverId },
      jti,
    );
  }

  openAck(kiosk: Kiosk, signed: string, epoch = kiosk.box.epoch): Promise<Ack> {
    return openAck(signed, this.keyring.publicKeys.signing, { device: kiosk.box.device, epoch });
  }

  /** Counts the rows of every table that a message could add to or delete from. */
  async rows(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const table of [
      'event',
      'checkin',
      'checkin_void',
      'person',
      'quarantine',
      'ack_mark',
      'change',
      'consent',
      'template',
      'erasure_confirmation',
      'attendance_due',
    ] as const)
      counts[table] = Number(
        (
          await this.database.db
            .selectFrom(table)
            .select((e) => e.fn.countAll().as('n'))
            .executeTakeFirstOrThrow()
        ).n,
      );
    return counts;
  }

  /** Returns what the log and the quarantine hold of a kiosk's epoch, by sequence number. */
  async held(kiosk: Kiosk, epoch = kiosk.box.epoch): Promise<{ events: number[]; quarantined: [number, string][] }> {
    const { db } = this.database;
    const of = (table: 'event' | 'quarantine') =>
      db.selectFrom(table).where('device', '=', kiosk.box.device).where('epoch', '=', epoch).orderBy('seq');
    return {
      events: (await of('event').select('seq').execute()).map((r) => Number(r.seq)),
      quarantined: (
        await db
          .selectFrom('quarantine')
          .select(['seq', 'reason'])
          .where('device', '=', kiosk.box.device)
          .where('epoch', '=', epoch)
          .orderBy('seq')
          .orderBy('id')
          .execute()
      ).map((r): [number, string] => [Number(r.seq), r.reason]),
    };
  }
}

import {
  createCipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  randomBytes,
  sign,
} from 'node:crypto';
import { pino } from 'pino';
import { createDeviceIdentity, type DeviceSecret, deviceRequest } from '../../sync/edge/identity.ts';
import { openAck } from '../../sync/protocol/seal/ack.ts';
import { sealAsk } from '../../sync/protocol/seal/ask.ts';
import { commit, headerHash } from '../../sync/protocol/seal/chain.ts';
import { keyId } from '../../sync/protocol/seal/keys.ts';
import { pad } from '../../sync/protocol/seal/padding.ts';
import type { Ack } from '../../sync/protocol/wire/ack.ts';
import { type Ed25519PrivateJwk, PROTOCOL_VERSION, TYP, type X25519PublicJwk } from '../../sync/protocol/wire/batch.ts';
import type { Ask } from '../../sync/protocol/wire/changes.ts';
import type { WireEvent } from '../../sync/protocol/wire/event.ts';
import { type DeviceMessage, type MessageContext, takeMessage } from '../../sync/server/app/devices/messages.ts';
import { registerDevice } from '../../sync/server/core/devices/registry.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { type Keyring, openKeyring } from '../../sync/server/platform/keys/keyring.ts';
import { Secret } from '../../sync/server/platform/secrets/secret.ts';
import { MemoryOutbox } from '../kit/outbox.ts';

/**
 * What an adversary needs: messages made by hand, from nothing but node:crypto, so that they can be wrong in ways in which
 * our own code can't make them; and a server to send them to.
 */

const b64 = (bytes: Uint8Array | string) => Buffer.from(bytes as Uint8Array).toString('base64url');
export const json = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

/** A JWS of exactly these bytes. @param header an object, or the text of one */
export function rawJws(header: unknown, payload: Uint8Array, key: Ed25519PrivateJwk | null): string {
  const input = `${b64(json(header))}.${b64(payload)}`;
  const signature = key
    ? sign(null, Buffer.from(input), createPrivateKey({ key: { ...key }, format: 'jwk' }))
    : Buffer.alloc(0);
  return `${input}.${b64(signature)}`;
}

export interface JweOptions {
  readonly typ?: string;
  readonly cty?: string;
  /** Changes the protected header; a text stands as it is. */
  readonly header?: (usual: Record<string, unknown>) => unknown;
}

/** A JWE (ECDH-ES over X25519, A256GCM) of exactly these bytes, with whatever header. */
export async function rawJwe(plain: Uint8Array, to: X25519PublicJwk, options: JweOptions = {}): Promise<string> {
  const { typ = TYP.sealedBatch, cty = TYP.batch, header = (usual) => usual } = options;
  const ephemeral = generateKeyPairSync('x25519');
  const { x } = ephemeral.publicKey.export({ format: 'jwk' });
  const usual = {
    alg: 'ECDH-ES',
    enc: 'A256GCM',
    typ,
    cty,
    kid: await keyId(to),
    epk: { kty: 'OKP', crv: 'X25519', x },
  };
  const secret = diffieHellman({
    privateKey: ephemeral.privateKey,
    publicKey: createPublicKey({ key: { ...to }, format: 'jwk' }),
  });
  return encrypt(plain, concatKdf(secret), json(header(usual)));
}

/** A JWE by someone who knows the agreed secret beforehand, as a low-order point allows. */
export function jweOfSecret(plain: Uint8Array, secret: Uint8Array, header: unknown): string {
  return encrypt(plain, concatKdf(secret), json(header));
}

function encrypt(plain: Uint8Array, key: Uint8Array, header: Uint8Array): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(b64(header)));
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return [b64(header), '', b64(iv), b64(text), b64(cipher.getAuthTag())].join('.');
}

/** NIST SP 800-56A §5.8.2.1 as RFC 7518 §4.6.2 uses it for A256GCM without party information. */
function concatKdf(secret: Uint8Array): Buffer {
  const length = (n: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(n);
    return bytes;
  };
  const info = [length(7), Buffer.from('A256GCM'), length(0), length(0), length(256)];
  return createHash('sha256')
    .update(Buffer.concat([length(1), secret, ...info]))
    .digest();
}

export const padded = (text: string) => pad(Buffer.from(text, 'latin1'));

/** A kiosk with registered keys. */
export interface Kiosk {
  readonly box: MemoryOutbox;
  readonly secret: DeviceSecret;
}

/** The server's handler of messages on a real database. */
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
      logEpoch: database.logEpoch,
      log,
      undoDays: 0,
      onChange: () => undefined,
      onKioskChange: () => undefined,
    };
  }

  /** @param keys of the replica that opened this database first */
  static async open(
    database: OpenDatabase,
    keys = new Keys(new Secret(randomBytes(32)), new Secret(randomBytes(32))),
  ): Promise<Target> {
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

  /** Header of an honest batch of these events. */
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

  /** The inner JWS of a batch, as the kiosk would make it but for what is changed. */
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

  /** What a kiosk whose signing key was stolen can send: any events, properly signed and sealed. */
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

  /** How many rows everything has that a message could add to or take from. */
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

  /** What the log and the quarantine hold of a kiosk's epoch, by sequence number. */
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

/** A changed event that is consistent in itself: commitments of what it now holds. */
export function recommit(event: WireEvent): WireEvent {
  const commitments = Object.fromEntries(
    Object.entries(event.personal).map(([field, { salt, value }]) => [field, commit(salt, value)]),
  );
  return { ...event, header: { ...event.header, commitments } };
}

/** Rebuilds the chain over these events, in their order. */
export function rechain(events: readonly WireEvent[]): WireEvent[] {
  let prev = events[0]!.header.prev;
  return events.map((event) => {
    const changed = { ...event, header: { ...event.header, prev } };
    prev = headerHash(changed.header);
    return changed;
  });
}

/** Flips one bit of a text's Latin-1 bytes. */
export function flipped(text: string, bit: number): string {
  const bytes = Buffer.from(text, 'latin1');
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  return bytes.toString('latin1');
}

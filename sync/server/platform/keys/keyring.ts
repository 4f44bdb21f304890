import { X509Certificate } from 'node:crypto';
import { publicHalf } from '../../../protocol/seal/keys.ts';
import type { Ed25519PrivateJwk, Ed25519PublicJwk, X25519PrivateJwk } from '../../../protocol/wire/batch.ts';
import type { ServerKeys } from '../../../protocol/wire/keys.ts';
import { find, upsert } from '../database/rows.ts';
import type { Db } from '../database/schema.ts';
import {
  issueServerCertificate,
  type KeyAndCertificate,
  selfSignedServerCertificate,
  stillFits,
} from './certificates.ts';
import type { Keys } from './envelope.ts';
import { firstKeys } from './succession.ts';
import { type Ca, type KeyPurpose, type KeySet, keyPlace, publicSet, readKeySet } from './vault.ts';
import { loadTokenKey, settleKeys } from './versions.ts';

export interface KeyringOptions {
  /** Host names and addresses under which this process's listeners are reached. */
  readonly hostnames: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Shortest time between two database reads caused by an unknown key, ms. */
const RECHECK_MS = 1000;

/**
 * The server's own private keys, in this process's memory. They are stored in the database (schema `keyring`), each
 * encrypted with a sub-key of the environment's keys, so all replicas share them and a dump alone is useless. A process
 * that adds or retires a key increases the set's serial, which `refresh` detects.
 */
export class Keyring {
  readonly #db: Db;
  readonly #keys: Keys;
  readonly #o: KeyringOptions;
  #set: KeySet;
  #devices: KeyAndCertificate;
  #people: KeyAndCertificate;
  #checkedAt = Number.NEGATIVE_INFINITY;
  readonly #listeners = new Set<() => void>();

  constructor(
    db: Db,
    keys: Keys,
    options: KeyringOptions,
    held: { set: KeySet; devices: KeyAndCertificate; people: KeyAndCertificate },
  ) {
    this.#db = db;
    this.#keys = keys;
    this.#o = options;
    this.#set = held.set;
    this.#devices = held.devices;
    this.#people = held.people;
  }

  get serverId(): string {
    return this.#set.serverId;
  }

  get serial(): number {
    return this.#set.serial;
  }

  get signing(): Ed25519PrivateJwk {
    return this.#set.signing[0]!.key;
  }

  /** The newest sealing key, which kiosks should use. */
  get sealing(): X25519PrivateJwk {
    return this.#set.sealing[0]!.key;
  }

  get sealingKid(): string {
    return this.#set.sealing[0]!.kid;
  }

  /** Thumbprints of every signing key, newest first. */
  get signingKids(): string[] {
    return this.#set.signing.map((k) => k.kid);
  }

  /**
   * The key to sign with for a kiosk that trusts these thumbprints: our newest among them. If they are unknown (null) or
   * none is ours, it is our oldest key: a kiosk that trusts any of our keys trusts that one.
   */
  signingFor(trusts: readonly string[] | null): Ed25519PrivateJwk {
    const known = this.#set.signing.find((k) => trusts?.includes(k.kid));
    return (known ?? this.#set.signing.at(-1)!).key;
  }

  get issuers(): Ed25519PublicJwk[] {
    return this.#set.qr.map((k) => publicHalf(k.key));
  }

  /**
   * The key that signs people's codes: the oldest one not retired, because offline kiosks have that one. A successor is
   * first published to the kiosks and takes over once the old key is retired.
   */
  get issuer(): Ed25519PrivateJwk {
    return this.#set.qr.at(-1)!.key;
  }

  /** The private sealing key with this thumbprint, unless retired. May refresh, since another replica may have just made it. */
  async sealingFor(kid: string): Promise<X25519PrivateJwk | null> {
    const find = () => this.heldSealing(kid);
    const now = this.#o.now();
    if (!find() && Math.abs(now - this.#checkedAt) >= RECHECK_MS) {
      this.#checkedAt = now;
      await this.refresh();
    }
    return find();
  }

  /** As `sealingFor`, but without a refresh. For use in a transaction, which must not wait for another connection. */
  heldSealing(kid: string): X25519PrivateJwk | null {
    return this.#set.sealing.find((k) => k.kid === kid)?.key ?? null;
  }

  /** The CA that currently issues certificates. */
  get ca(): KeyAndCertificate {
    const { certPem, keyPem } = this.#set.cas[0]!;
    return { certPem, keyPem: keyPem! };
  }

  /** Every CA whose certificates are accepted, newest first. */
  get cas(): readonly Ca[] {
    return this.#set.cas;
  }

  /** PEM of every CA whose certificates are accepted, newest first. */
  get caPems(): string[] {
    return this.#set.cas.map((c) => c.certPem);
  }

  /** Certificate of the devices listener, with the chain up to the oldest CA that a kiosk may still trust. */
  get devices(): KeyAndCertificate {
    return this.withChain(this.#devices);
  }

  /** Our own certificate for the people listener. */
  get people(): KeyAndCertificate {
    return this.#people;
  }

  /** Every key that is not retired, without its private half. */
  get described(): { purpose: KeyPurpose; id: string; serial: number; newest: boolean }[] {
    const { cas, signing, sealing, qr, pin } = this.#set;
    const list = (purpose: KeyPurpose, keys: readonly { id: string; serial: number }[]) =>
      keys.map(({ id, serial }, i) => ({ purpose, id, serial, newest: i === 0 }));
    const named = (keys: readonly { kid: string; serial: number }[]) =>
      keys.map((k) => ({ id: k.kid, serial: k.serial }));
    return [
      ...list('ca', cas),
      ...list('signing', named(signing)),
      ...list('sealing', named(sealing)),
      ...list('qr', named(qr)),
      ...list('pin', named(pin)),
    ];
  }

  /** The public keys that kiosks pin. */
  get publicKeys(): ServerKeys {
    return publicSet(this.#set);
  }

  /**
   * Adds the chain to a leaf of the current CA: the cross certificates, newest first, and the oldest CA itself. Each
   * certificate is signed by the next one, so a kiosk can verify the chain whichever of our CAs it trusts. A kiosk that
   * joins finds the CA that its join code pins.
   */
  withChain(leaf: KeyAndCertificate): KeyAndCertificate {
    const above = this.#set.cas.map((ca, i) => (i < this.#set.cas.length - 1 && ca.crossPem) || ca.certPem);
    return { certPem: [leaf.certPem, ...above].map((pem) => `${pem.trim()}\n`).join(''), keyPem: leaf.keyPem };
  }

  /** Calls `then` whenever the keys or certificates in use have changed. */
  onChange(then: () => void): void {
    this.#listeners.add(then);
  }

  /** Loads keys that other processes changed, and renews the listeners' certificates near their end. @returns whether anything changed */
  async refresh(): Promise<boolean> {
    const state = await settleKeys(this.#db, this.#keys);
    const changed = state !== null && state.serial !== this.#set.serial;
    if (changed) this.#set = await readKeySet(this.#db, this.#keys);
    const before = [this.#devices.certPem, this.#people.certPem];
    this.#devices = await listenerCertificate(this.#db, this.#keys, 'devices', this.ca, this.#o);
    this.#people = await listenerCertificate(this.#db, this.#keys, 'people', this.ca, this.#o);
    if (!changed && before.join() === [this.#devices.certPem, this.#people.certPem].join()) return false;
    for (const then of this.#listeners) then();
    return true;
  }
}

/**
 * Opens the keyring of this database and creates what is missing: everything at the first start (once, however many
 * replicas start together), and a listener's certificate if it is about to expire or is for other names.
 *
 * @throws Problem `wrong-encryption-key` (without changing anything), `keyring-unreadable`
 */
export async function openKeyring(db: Db, keys: Keys, options: KeyringOptions): Promise<Keyring> {
  await firstKeys(db, keys, options.now());
  await settleKeys(db, keys);
  await loadTokenKey(db, keys);
  const set = await readKeySet(db, keys);
  const ca = { certPem: set.cas[0]!.certPem, keyPem: set.cas[0]!.keyPem! };
  return new Keyring(db, keys, options, {
    set,
    devices: await listenerCertificate(db, keys, 'devices', ca, options),
    people: await listenerCertificate(db, keys, 'people', ca, options),
  });
}

/** Returns the stored certificate for these names, or creates one. Replicas with the same names share it. */
async function listenerCertificate(
  db: Db,
  keys: Keys,
  purpose: 'devices' | 'people',
  ca: KeyAndCertificate,
  { hostnames, now }: KeyringOptions,
): Promise<KeyAndCertificate> {
  const names = [...hostnames].sort().join();
  const place = keyPlace(purpose, names);
  const row = await find(db, 'keyring.listener', { purpose, hostnames: names });
  const ours = (pem: string) => new X509Certificate(pem).checkIssued(new X509Certificate(ca.certPem));
  const fits = (pem: string) => stillFits(pem, hostnames, now()) && (purpose === 'people' || ours(pem));
  if (row && fits(row.cert_pem))
    return { certPem: row.cert_pem, keyPem: keys.open('keyring', place, row.private).toString('utf8') };
  const made = await (purpose === 'people'
    ? selfSignedServerCertificate(hostnames, now())
    : issueServerCertificate(ca, hostnames, now()));
  const sealed = keys.seal('keyring', place, Buffer.from(made.keyPem, 'utf8'));
  await upsert(
    db,
    'keyring.listener',
    ['purpose', 'hostnames'],
    { purpose, hostnames: names, cert_pem: made.certPem, private: sealed },
    { cert_pem: made.certPem, private: sealed },
  );
  return made;
}

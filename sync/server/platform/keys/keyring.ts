import { publicHalf } from '../../../protocol/seal/keys.ts';
import type { Ed25519PrivateJwk, Ed25519PublicJwk, X25519PrivateJwk } from '../../../protocol/wire/batch.ts';
import type { ServerKeys } from '../../../protocol/wire/keys.ts';
import { find, upsert } from '../database/rows.ts';
import type { Db } from '../database/schema.ts';
import {
  issuedBy,
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
  /** Names and addresses that this process's listeners are reached under. */
  readonly hostnames: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** How often an unknown key may make us look into the database, ms. */
const RECHECK_MS = 1000;

/**
 * The server's own private keys, as this process holds them. They are in the database (schema `keyring`), each sealed
 * under a sub-key of the environment's keys, so that all replicas share them and a dump alone is worth nothing. A
 * process that adds or retires a key raises the set's serial; `refresh` notices.
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

  /** The newest sealing key: the one that kiosks are to use. */
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
   * The key to sign with for a kiosk that trusts these (thumbprints): the newest among them. Where that is not known, or
   * none of ours, the oldest: a kiosk that trusts any of our keys trusts that one.
   */
  signingFor(trusts: readonly string[] | null): Ed25519PrivateJwk {
    const known = this.#set.signing.find((k) => trusts?.includes(k.kid));
    return (known ?? this.#set.signing.at(-1)!).key;
  }

  get issuers(): Ed25519PublicJwk[] {
    return this.#set.qr.map((k) => publicHalf(k.key));
  }

  /**
   * Signs people's own codes: the oldest that is not retired, since kiosks that are offline know that one. A successor is
   * published to the kiosks first, and takes over when the old one is retired.
   */
  get issuer(): Ed25519PrivateJwk {
    return this.#set.qr.at(-1)!.key;
  }

  /** The private key of this thumbprint, current or not yet retired; another replica may have made it a moment ago. */
  async sealingFor(kid: string): Promise<X25519PrivateJwk | null> {
    const find = () => this.heldSealing(kid);
    const now = this.#o.now();
    if (!find() && Math.abs(now - this.#checkedAt) >= RECHECK_MS) {
      this.#checkedAt = now;
      await this.refresh();
    }
    return find();
  }

  /** Of those that this process holds: for use within a transaction, which must not wait for another connection. */
  heldSealing(kid: string): X25519PrivateJwk | null {
    return this.#set.sealing.find((k) => k.kid === kid)?.key ?? null;
  }

  /** The CA that issues now. */
  get ca(): KeyAndCertificate {
    const { certPem, keyPem } = this.#set.cas[0]!;
    return { certPem, keyPem: keyPem! };
  }

  /** Every CA whose certificates are accepted, newest first, with what is known of each. */
  get cas(): readonly Ca[] {
    return this.#set.cas;
  }

  /** PEM of every CA whose certificates are accepted, newest first. */
  get caPems(): string[] {
    return this.#set.cas.map((c) => c.certPem);
  }

  /** Certificate of the devices listener, with the chain down from the oldest CA that a kiosk may still trust. */
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

  /** What kiosks pin. */
  get publicKeys(): ServerKeys {
    return publicSet(this.#set);
  }

  /**
   * A leaf of the present CA with what a client needs above it: the cross certificates, newest first, and the oldest CA
   * itself. Each certificate is signed by the next, so that a kiosk that trusts any of our CAs finds its way to it; one
   * that joins finds the CA that its code pins.
   */
  withChain(leaf: KeyAndCertificate): KeyAndCertificate {
    const above = this.#set.cas.map((ca, i) => (i < this.#set.cas.length - 1 && ca.crossPem) || ca.certPem);
    return { certPem: [leaf.certPem, ...above].map((pem) => `${pem.trim()}\n`).join(''), keyPem: leaf.keyPem };
  }

  /** Calls `then` after the keys or certificates in use have changed. */
  onChange(then: () => void): void {
    this.#listeners.add(then);
  }

  /** Takes over what other processes changed, and renews listener certificates near their end. @returns whether anything changed */
  async refresh(): Promise<boolean> {
    const state = await settleKeys(this.#db, this.#keys);
    const changed = state !== null && state.serial !== this.#set.serial;
    if (changed) this.#set = await readKeySet(this.#db, this.#keys);
    const before = this.#devices;
    this.#devices = await listenerCertificate(this.#db, this.#keys, 'devices', this.ca, this.#o);
    if (!changed && before.certPem === this.#devices.certPem) return false;
    for (const then of this.#listeners) then();
    return true;
  }
}

/**
 * Opens the keyring of this database, making what is missing: all of it at the first start (once, whatever number of
 * replicas start together), a listener's certificate when it nears its end or is for other names.
 *
 * @throws Problem `wrong-encryption-key` (nothing was changed), `keyring-unreadable`
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

/** The stored certificate for these names, or a new one; replicas with the same names share it. */
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
  const fits = (pem: string) => stillFits(pem, hostnames, now()) && (purpose === 'people' || issuedBy(pem, ca.certPem));
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

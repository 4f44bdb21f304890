import type { ColumnType, Generated } from 'kysely';

type Bytes = Uint8Array;
type Instant = ColumnType<Date, Date | string, Date | string>;
type GeneratedBig = ColumnType<number | string, number | undefined, number>;

/** Whoever signs in with a role above `person`. */
export interface AccountTable {
  id: string;
  role: 'admin' | 'dpo' | 'staff' | 'auditor';
  /** Envelope; null: the account of whoever has the server's own machine, until they give one. */
  email: Bytes | null;
  email_index: Bytes | null;
  /** PHC string of argon2id; null: none set yet. */
  password: string | null;
  /** Envelope of the shared secret. */
  totp: Bytes | null;
  /** Of one that takes its place as soon as a code of it was shown. */
  totp_next: Bytes | null;
  totp_confirmed_at: Instant | null;
  /** Newest time step whose code was taken: no code of it or before it is taken again. */
  totp_step: GeneratedBig;
  row_version: Generated<number>;
  made_at: Instant;
  signed_in_at: Instant | null;
  disabled_at: Instant | null;
}

export interface RecoveryCodeTable {
  hash: Bytes;
  account: string;
  used_at: Instant | null;
}

/** One-time links. `operator`: whoever can read what the server prints; `account`: to enrol; `person`: to their own data. */
export interface SignInLinkTable {
  hash: Bytes;
  kind: Generated<'operator' | 'account' | 'person'>;
  account: string | null;
  person: string | null;
  created_at: Instant;
  expires_at: Instant;
  used_at: Instant | null;
}

/** Of an account or of a person. `enrol`: may set password and second factor, and nothing else. */
export interface SessionTable {
  hash: Bytes;
  role: string;
  account: string | null;
  person: string | null;
  stage: 'full' | 'enrol';
  created_at: Instant;
  /** When it was last used, to the half minute. */
  seen_at: Instant;
  expires_at: Instant;
}

/** Failed attempts by keyed hash of an e-mail address or of a network address. */
export interface SignInAttemptTable {
  key: Bytes;
  failures: number;
  last_at: Instant;
}

/** What a write with an Idempotency-Key answered; null while it runs. Sealed under that key, which only its client has. */
export interface IdempotencyTable {
  key: Bytes;
  digest: Bytes;
  status: number | null;
  answer: Bytes | null;
  made_at: Instant;
}

import type { ColumnType } from 'kysely';

type Bytes = Uint8Array;
type Instant = ColumnType<Date, Date | string, Date | string>;
type Json<T> = ColumnType<T, string, string>;

/** What was done about an item of the attention queue (attention/). */
export interface AttentionNoteTable {
  kind: string;
  /** Which item of its kind. */
  ref: string;
  /** Whose key the note is under; null: the environment's. */
  person: string | null;
  /** Envelope. */
  note: Bytes;
  /** Account. */
  resolved_by: string | null;
  resolved_at: Instant;
}

/** What a person says is wrong with a record of theirs (complaints/). */
export interface ComplaintTable {
  id: string;
  /** As they were known then. */
  person: string;
  /** The check-in. */
  record: string;
  /** Envelope of their words, under their key. */
  sealed: Bytes;
  made_at: Instant;
}

/** Who is below the age of consent (minors/). */
export interface PersonMinorTable {
  person: string;
  /** Envelope of day of birth and guardian. */
  sealed: Bytes;
  row_version: number;
  /** As the job saw it last: `soon` comes of age within weeks, `of-age` has, and has to speak for themselves. */
  state: 'minor' | 'soon' | 'of-age';
  updated_at: Instant;
  /** When a kiosk put down that they had agreed and no guardian for them; null: a guardian did, since. */
  alone_at: Date | string | null;
}

/** What migration 0016 adds to consents. */
export interface ConsentSaid {
  /** Envelope of a guardian, or of the basis of an import. */
  said: Bytes | null;
  /** Under whose key: a consent keeps it when its person is merged. */
  said_of: string | null;
}

/** The picture that a template was made from on the server: cut to the face and encoded anew. */
export interface EnrolmentPhotoTable {
  id: string;
  /** As they were known then. */
  person: string;
  /** Envelope of a JPEG. */
  sealed: Bytes;
  pose: string;
  via: 'staff' | 'import';
  made_by: string | null;
  made_at: Instant;
}

/** An import of ID photos (imports/). */
export interface ImportRunTable {
  id: string;
  state: 'open' | 'applying' | 'done' | 'cancelled';
  /** Text that people agreed to elsewhere, where the operator states it; null: only who has agreed here is enrolled. */
  text_version: string | null;
  language: string | null;
  /** Envelope of the operator's own words for that. */
  basis: Bytes | null;
  /** Envelope of what a list beside the files says: its lines (imports/list.ts). */
  map: Bytes | null;
  /** Counts up whenever pictures of nobody are to be looked at again. */
  looks: ColumnType<number, number | undefined, number>;
  /** Of the people in its list; null: nobody was made of it. */
  people: 'making' | 'made' | 'undoing' | 'undone' | null;
  made_by: string | null;
  made_at: Instant;
  ended_at: Instant | null;
}

/** Two people whom no face alone tells apart (lookalikes/store.ts); the lesser id first. */
export interface LookalikeTable {
  id: string;
  first: string;
  second: string;
  reason: 'enrolment' | 'not-me' | 'two-people';
  at: Instant;
  /** The kiosk where it was marked; null: the console. */
  device: string | null;
  /** Account, or member of a kiosk's staff; null: the kiosk by itself. */
  marked_by: string | null;
}

/** An enrolment that waits for an administrator, since the face is like somebody else's (enrolment/waiting.ts). */
export interface EnrolmentCaseTable {
  id: string;
  person: string;
  /** Whose face it is like; null: they were erased since. */
  other: string | null;
  score: number;
  source: 'camera' | 'photo';
  /** Envelope of templates and pictures. */
  faces: Bytes;
  made_by: string | null;
  made_at: Instant;
}

/** Who is there because of an import's list. */
export interface ImportPersonTable {
  person: string;
  /** Null: the import is forgotten. */
  run: string | null;
  made_at: Instant;
}

export interface ImportPhotoTable {
  id: string;
  run: string;
  /** Null: nobody was found by its name; then its envelopes are under the environment's keys. */
  person: string | null;
  /** Envelopes of the file's name, the picture and the template. */
  name: Bytes;
  photo: Bytes | null;
  template: Bytes | null;
  /** Embedder of the template. */
  model: string | null;
  pose: string | null;
  state: 'waiting' | 'judged' | 'accepted' | 'refused' | 'applied';
  /** Why it can't be taken, or was refused; null: nothing speaks against it. */
  code: string | null;
  /** Measures of quality: numbers. */
  measured: Json<Record<string, number>> | null;
  /** Somebody else whose face is like it. */
  duplicate_of: string | null;
  duplicate_score: number | null;
  decided_by: string | null;
  decided_at: Instant | null;
  made_at: Instant;
}

/** Every policy that a site ever had (changes/policy.ts). */
export interface SitePolicyChangeTable {
  id: string;
  /** Scope. */
  site: string;
  at: Instant;
  /** Account, `operator` or `configuration`. */
  by: string;
  before: Json<unknown>;
  after: Json<unknown>;
}

/** A change of a site itself. */
export interface SiteChangeTable {
  id: string;
  site: string;
  at: Instant;
  /** Account, `operator` or `configuration`. */
  by: string;
  /** `SiteFacts` (protocol/api/sites.ts). */
  before: Json<unknown>;
  after: Json<unknown>;
}

/** Match scores of somebody over time, by embedder (drift/). */
export interface PersonScoreTable {
  person: string;
  model: string;
  /** When their newest template was added. */
  since: Instant;
  count: number;
  baseline: number;
  recent: number;
  updated_at: Instant;
}

/** A move to another embedder (embedders/). At most one is open. */
export interface ModelMigrationTable {
  id: string;
  from_model: string;
  to_model: string;
  state: 'working' | 'ready' | 'switched' | 'done' | 'cancelled';
  made_by: string;
  made_at: Instant;
  ended_at: Instant | null;
}

export interface ModelMigrationPersonTable {
  migration: string;
  person: string;
  /** `again`: has to be enrolled anew, for the reason of `code`. */
  outcome: 'moved' | 'again';
  code: string | null;
  templates: number;
}

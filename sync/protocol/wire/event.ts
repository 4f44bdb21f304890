import { z } from 'zod';

/**
 * Events: everything that starts on a kiosk travels up as one typed event in one sequence (ARCHITECTURE.md, "a record").
 *
 * A body has two halves. `open` holds what names nobody. Each entry of `personal` is a value with its own random salt;
 * the header carries only SHA-256(salt ‖ JCS(value)) of it, so a purge or an erasure deletes value and salt together and
 * leaves the hash chain verifiable and the value unguessable.
 */

/** The protocol version written in every header; a reader refuses what it does not know (see docs/develop/protocol.md). */
export const EVENT_VERSION = 1;

const base64url = z.string().regex(/^[A-Za-z0-9_-]*$/);
/** 32 bytes as unpadded base64url. */
const Hash = base64url.length(43);
/** In small letters, as RFC 9562 §4 writes them: a UUID has one text, so that two texts are never one person or one event. */
export const Uuid = z.uuid().lowercase();
/** RFC 3339 in UTC with milliseconds. */
export const Instant = z.iso.datetime({ precision: 3 });

/** When it happened: `utc` is the kiosk's claim; the rest lets the server judge the claim. */
const EventTime = z.strictObject({
  utc: Instant,
  /** Milliseconds since this boot, from a clock that never goes back. */
  monotonic: z.number().nonnegative(),
  bootId: z.string().max(64),
  /** Trusted time minus claimed time, ms, as the kiosk knew it then. */
  offset: z.number().int(),
});

export const Method = z.enum(['face', 'badge+face', 'qr+face', 'number+pin', 'qr', 'badge', 'manual', 'number+face']);
export type Method = z.infer<typeof Method>;
export const Direction = z.enum(['in', 'out']);
export const LivenessResult = z.enum(['off', 'off (demo)', 'passed', 'not-needed']);

/** What a server may ask a kiosk to do, once (wire/fleet.ts). */
export const CommandWhat = z.enum(['restart', 'logs', 'watch', 'wipe', 'decommission']);
export type CommandWhat = z.infer<typeof CommandWhat>;
/** `started`: under way, reported before the kiosk can no longer report. Each of the others is final. */
const CommandOutcome = z.enum(['started', 'done', 'failed', 'refused', 'expired']);

/**
 * Who did it at the kiosk: a member of staff by id (wire/changes.ts), or the person who had the sealed emergency PIN.
 * By itself it names no one.
 */
export const StaffActor = z.union([Uuid, z.literal('emergency')]);
export type StaffActor = z.infer<typeof StaffActor>;
/** Absent: no member of staff did it, or a kiosk that has none yet is being set up. */
const by = { by: StaffActor.optional() };

/** What staff of a kiosk may do there. */
export const StaffRole = z.enum(['desk', 'supervisor', 'technician']);
export type StaffRole = z.infer<typeof StaffRole>;

/** What is recorded of a kiosk's staff: who was added or removed, came and went, and what a technician did. */
export const StaffWhat = z.enum([
  'added',
  'removed',
  'pin',
  'badge',
  'enter',
  'leave',
  'restart',
  'reboot',
  'login',
  'update',
]);
export type StaffWhat = z.infer<typeof StaffWhat>;
/** Which of a technician's codes on paper. */
export const PaperNumber = z.number().int().min(1).max(5);
/** `started`: sent before what may cut the kiosk off. */
export const StaffOutcome = z.enum(['started', 'done', 'failed', 'refused']);
export type StaffOutcome = z.infer<typeof StaffOutcome>;

/**
 * Why two people are a pair of lookalikes. `enrolment`: one was enrolled although the face was like the other's; `not-me`: one was
 * twice taken for the other; `two-people`: found to be alike, and two people all the same.
 */
export const LookalikeReason = z.enum(['enrolment', 'not-me', 'two-people']);
export type LookalikeReason = z.infer<typeof LookalikeReason>;

const Unit = z.number().min(-1).max(1);

/** The open half of each event type's body. */
export const OpenBody = {
  checkin: z.strictObject({
    ...by,
    direction: Direction,
    /** True: the kiosk chose the direction by itself, so the server may correct it; absent: it was fixed or chosen. */
    automatic: z.boolean().optional(),
    method: Method,
    liveness: LivenessResult,
    /** Embedder that made the scores; absent when no face was used. */
    model: z.string().max(80).optional(),
    /** The decision as it was taken: cosine threshold and how many were searched. */
    threshold: Unit.optional(),
    gallery: z.strictObject({ people: z.number().int(), templates: z.number().int() }).optional(),
  }),
  void: z.strictObject({ ...by, target: Uuid, reason: z.enum(['not-me', 'wrong-direction', 'staff', 'not-right']) }),
  person: z.strictObject({
    ...by,
    change: z.enum(['added', 'updated', 'deleted']),
    /** The person wants no positions recorded, or does again; absent: nothing is said of it. */
    gpsOptOut: z.boolean().optional(),
  }),
  consent: z.strictObject({
    ...by,
    action: z.enum(['given', 'withdrawn']),
    textVersion: z.string().max(40),
    language: z.string().max(20),
  }),
  template: z.strictObject({
    ...by,
    change: z.enum(['added', 'removed']),
    model: z.string().max(80),
    count: z.number().int(),
  }),
  /** A card that staff printed at the kiosk, or says opens nothing any more. */
  credential: z.strictObject({ ...by, kind: z.literal('card'), change: z.enum(['issued', 'revoked']) }),
  /** `carried`: the previous PIN, hashed again for the pepper that kiosks share (`PinValue`). */
  pin: z.strictObject({ ...by, change: z.enum(['set', 'removed', 'locked', 'carried']) }),
  purge: z.strictObject({
    what: z.enum(['photos', 'gps']),
    before: Instant,
    removed: z.number().int().nonnegative(),
  }),
  erasureDone: z.strictObject({ request: Uuid }),
  health: z.strictObject({
    ...by,
    code: z.string().max(60),
    detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  }),
  /** Roll call of an evacuation of the site: that it began or ended, and who was seen outside, or was not after all. */
  evacuation: z.strictObject({
    ...by,
    evacuation: Uuid,
    change: z.enum(['started', 'ended', 'accounted', 'missing']),
  }),
  /** These two people cannot be distinguished by face alone any more, or can again. */
  lookalike: z.strictObject({
    ...by,
    change: z.enum(['marked', 'removed']),
    /** Of one that was marked. */
    reason: LookalikeReason.optional(),
  }),
  /** The result of a command from the server. */
  command: z.strictObject({
    command: Uuid,
    what: CommandWhat,
    outcome: CommandOutcome,
    /** Why not, where it was not done. */
    code: z.string().min(1).max(60).optional(),
  }),
  /** Of the kiosk's staff; without `by` nobody was recognised, or it was done at the machine's command line. */
  staff: z.strictObject({
    ...by,
    what: StaffWhat,
    outcome: StaffOutcome,
    /** The member it is about, if any: who was added or removed, or who may have tried to enter. */
    member: Uuid.optional(),
    /** Of `added`. */
    role: StaffRole.optional(),
    /** Why not; of `enter` how, where not by PIN and app; of `leave` why, where nobody asked; of `update` the version. */
    code: z.string().min(1).max(60).optional(),
    /** Of `enter`: which of a technician's codes on paper it used up. */
    paper: PaperNumber.optional(),
  }),
} as const;

/** Most templates of one person and model in one message. */
export const MAX_TEMPLATES = 40;
/** Whether so many characters of base64url are whole float32. */
const wholeFloats = ({ length }: string): boolean => length % 4 !== 1 && Math.floor((length * 3) / 4) % 4 === 0;
/**
 * A face template as it travels, always sealed: little-endian float32, L2-normalised, as unpadded base64url. How many, the embedder
 * says: 16 to 512, and 512 of the one that ships.
 */
export const TemplateValue = z.strictObject({
  id: Uuid,
  pose: z.string().max(20),
  vector: base64url.min(86).max(2731).refine(wholeFloats, 'must be whole float32 numbers'),
});
export type TemplateValue = z.infer<typeof TemplateValue>;

/** Longest ciphertext of a card's templates, characters of base64url: ten templates. */
export const MAX_CARD_TEMPLATES = 28_000;
/** Templates under the key of a person's card (seal/card-template.ts): `id` names the card. */
export const CardTemplateValue = z.strictObject({ id: Uuid, sealed: base64url.min(64).max(MAX_CARD_TEMPLATES) });
export type CardTemplateValue = z.infer<typeof CardTemplateValue>;

/** A PIN's hash as PHC string: argon2id (RFC 9106), version 1.3, with this one cost, so that no message can ask for another. */
const PinHash = z.string().regex(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
/**
 * What a PIN is checked by, at every kiosk that has the pepper: `id` names the choice of the PIN and stays when it is hashed again,
 * `pepper` names argon2's secret (seal/pin-pepper.ts). Anyone who has both can try PINs, so it always travels sealed.
 */
export const PinValue = z.strictObject({ id: Uuid, pepper: Hash, hash: PinHash });
export type PinValue = z.infer<typeof PinValue>;

/** The personal half: what each field holds, before salting. Every field is optional, since it may have been purged. */
export const PersonalBody = {
  checkin: z.strictObject({
    person: Uuid.optional(),
    score: Unit.optional(),
    second: Unit.nullable().optional(),
    /** Content address (SHA-256) of the encrypted photo, and the key that opens this one file (32 bytes). */
    photo: Hash.optional(),
    photoKey: Hash.optional(),
    /** Position, sealed to the server on the kiosk: never readable here again. */
    gps: z.string().max(2048).optional(),
    /** Why staff recorded it by hand. */
    reason: z.string().min(1).max(200).optional(),
  }),
  void: z.strictObject({ person: Uuid.optional() }),
  person: z.strictObject({
    person: Uuid.optional(),
    name: z.string().max(200).optional(),
    number: z.string().max(40).optional(),
    language: z.string().max(20).optional(),
    /** Picture of the enrolment, as of a check-in. */
    photo: Hash.optional(),
    photoKey: Hash.optional(),
  }),
  consent: z.strictObject({
    person: Uuid.optional(),
    /** Who agreed for someone below the age of consent, and how they are related. */
    guardian: z.string().max(200).optional(),
    relation: z.string().max(60).optional(),
    /** Their day of birth, so that they are asked themselves when they come of age. */
    bornOn: z.iso.date().optional(),
  }),
  template: z.strictObject({
    person: Uuid.optional(),
    /** What was added, so that the server can give it to other kiosks; the ids alone of what was removed. */
    templates: z
      .array(TemplateValue.partial({ vector: true, pose: true }))
      .max(MAX_TEMPLATES)
      .optional(),
    /** How good the picture of each was that was added, 0 to 100 (models/rules/quality.ts). */
    quality: z.array(z.number().int().min(0).max(100)).max(MAX_TEMPLATES).optional(),
    /** In place of those: what was added can be opened by the person's card alone. */
    card: CardTemplateValue.optional(),
  }),
  credential: z.strictObject({
    person: Uuid.optional(),
    /** Which card; and SHA-256 of what it carries, where it was issued. */
    bearer: z.strictObject({ id: Uuid, hash: Hash.optional() }).optional(),
  }),
  pin: z.strictObject({
    person: Uuid.optional(),
    /** Of one that was set or carried over; absent where the kiosk has no pepper of the server's yet. */
    pin: PinValue.optional(),
  }),
  purge: z.strictObject({}),
  erasureDone: z.strictObject({ person: Uuid.optional() }),
  health: z.strictObject({}),
  evacuation: z.strictObject({ person: Uuid.optional() }),
  lookalike: z.strictObject({ person: Uuid.optional(), other: Uuid.optional() }),
  command: z.strictObject({}),
  staff: z.strictObject({
    /** What the member is called, who may be known at this kiosk alone. */
    name: z.string().max(200).optional(),
    /** Of `pin`, of a member of the server: what they chose, in place of which choice before it. */
    pin: PinValue.extend({ replaces: Uuid }).optional(),
  }),
} as const;

export type EventType = keyof typeof OpenBody;
const EVENT_TYPES = Object.keys(OpenBody) as EventType[];
export type Open<T extends EventType> = z.infer<(typeof OpenBody)[T]>;
export type Personal<T extends EventType> = z.infer<(typeof PersonalBody)[T]>;

/** What is hashed and never changes. */
export const EventHeader = z.strictObject({
  v: z.literal(EVENT_VERSION),
  id: Uuid,
  device: Uuid,
  epoch: Uuid,
  seq: z.number().int().positive(),
  at: EventTime,
  type: z.enum(EVENT_TYPES as [EventType, ...EventType[]]),
  open: z.record(z.string(), z.unknown()),
  /** Field name → SHA-256(salt ‖ JCS(value)). */
  commitments: z.record(z.string().max(40), Hash),
  /** SHA-256(JCS(previous header)); 43 × `A` for the first of an epoch. */
  prev: Hash,
});
export type EventHeader = z.infer<typeof EventHeader>;

/** A salted personal value as it is sent: both halves together, or neither. */
export const SaltedValue = z.strictObject({ salt: base64url.length(22), value: z.unknown() });
export type SaltedValue = z.infer<typeof SaltedValue>;

/** A whole event on the wire: the header and whatever personal values still exist. */
export const WireEvent = z.strictObject({
  header: EventHeader,
  personal: z.record(z.string().max(40), SaltedValue),
});
export type WireEvent = z.infer<typeof WireEvent>;

/** `prev` of the first event of an epoch. */
export const GENESIS = 'A'.repeat(43);

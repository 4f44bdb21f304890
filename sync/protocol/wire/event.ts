import { z } from 'zod';

/**
 * Events: everything that originates on a kiosk is sent as one typed event in one sequence (ARCHITECTURE.md, "How a record
 * travels").
 *
 * The body has two halves. `open` identifies nobody. Each entry of `personal` is a value with its own random salt. The header
 * holds only SHA-256(salt ‖ JCS(value)) of it, so a purge or an erasure can delete value and salt together: the hash chain still
 * verifies, and the value can't be guessed.
 */

/** The protocol version in every header. A reader refuses versions it doesn't know (docs/develop/protocol.md). */
export const EVENT_VERSION = 1;

const base64url = z.string().regex(/^[A-Za-z0-9_-]*$/);
/** 32 bytes as unpadded base64url. */
const Hash = base64url.length(43);
/** Lower case, as RFC 9562 §4 writes UUIDs: two different texts are then never the same person or event. */
export const Uuid = z.uuid().lowercase();
/** RFC 3339 in UTC with milliseconds. */
export const Instant = z.iso.datetime({ precision: 3 });

/** When it happened. `utc` is the kiosk's claim; the other fields let the server assess it. */
const EventTime = z.strictObject({
  utc: Instant,
  /** Milliseconds since boot, from a clock that never goes back. */
  monotonic: z.number().nonnegative(),
  bootId: z.string().max(64),
  /** Trusted time minus claimed time, ms, as known to the kiosk at that moment. */
  offset: z.number().int(),
});

export const Method = z.enum(['face', 'badge+face', 'qr+face', 'number+pin', 'qr', 'badge', 'manual', 'number+face']);
export type Method = z.infer<typeof Method>;
export const Direction = z.enum(['in', 'out']);
export const LivenessResult = z.enum(['off', 'off (demo)', 'passed', 'not-needed']);

/** What a server can order a kiosk to do, once (wire/fleet.ts). */
export const CommandWhat = z.enum(['restart', 'logs', 'watch', 'wipe', 'decommission']);
export type CommandWhat = z.infer<typeof CommandWhat>;
/** `started`: in progress, reported while the kiosk can still report. All others are final. */
const CommandOutcome = z.enum(['started', 'done', 'failed', 'refused', 'expired']);

/**
 * Who did it at the kiosk: the id of a member of staff (wire/changes.ts), or the holder of the sealed emergency PIN. The value
 * alone names nobody.
 */
export const StaffActor = z.union([Uuid, z.literal('emergency')]);
export type StaffActor = z.infer<typeof StaffActor>;
/** Absent: not done by staff, or the kiosk is being set up and has no staff yet. */
const by = { by: StaffActor.optional() };

/** Role of a member of a kiosk's staff. */
export const StaffRole = z.enum(['desk', 'supervisor', 'technician']);
export type StaffRole = z.infer<typeof StaffRole>;

/** Recorded actions of a kiosk's staff: who was added or removed, who entered and left, and what a technician did. */
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
/** Number of a technician's code on paper. */
export const PaperNumber = z.number().int().min(1).max(5);
/** `started`: sent before an action that may disconnect the kiosk. */
export const StaffOutcome = z.enum(['started', 'done', 'failed', 'refused']);
export type StaffOutcome = z.infer<typeof StaffOutcome>;

/**
 * Why two people are a pair of lookalikes. `enrolment`: one was enrolled although the face resembles the other's; `not-me`: one
 * was mistaken for the other twice; `two-people`: found to be alike, but confirmed as two people.
 */
export const LookalikeReason = z.enum(['enrolment', 'not-me', 'two-people']);
export type LookalikeReason = z.infer<typeof LookalikeReason>;

const Unit = z.number().min(-1).max(1);

/** The open half of each event type's body. */
export const OpenBody = {
  checkin: z.strictObject({
    ...by,
    direction: Direction,
    /** True: the kiosk chose the direction automatically, so the server may correct it. Absent: it was fixed or chosen. */
    automatic: z.boolean().optional(),
    method: Method,
    liveness: LivenessResult,
    /** Embedder that produced the scores; absent if no face was used. */
    model: z.string().max(80).optional(),
    /** Basis of the decision: the cosine threshold, and the size of the gallery searched. */
    threshold: Unit.optional(),
    gallery: z.strictObject({ people: z.number().int(), templates: z.number().int() }).optional(),
  }),
  void: z.strictObject({ ...by, target: Uuid, reason: z.enum(['not-me', 'wrong-direction', 'staff', 'not-right']) }),
  person: z.strictObject({
    ...by,
    change: z.enum(['added', 'updated', 'deleted']),
    /** True: the person wants no positions recorded; false: positions may be recorded again; absent: unchanged. */
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
  /** A card that staff printed or revoked at the kiosk. */
  credential: z.strictObject({ ...by, kind: z.literal('card'), change: z.enum(['issued', 'revoked']) }),
  /** `carried`: the existing PIN was hashed again with the pepper that kiosks share (`PinValue`). */
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
  /** Roll call during an evacuation: it started or ended, or a person was seen outside, or that was corrected to missing. */
  evacuation: z.strictObject({
    ...by,
    evacuation: Uuid,
    change: z.enum(['started', 'ended', 'accounted', 'missing']),
  }),
  /** From now on, these two people can't be distinguished by face alone (`marked`), or can be again (`removed`). */
  lookalike: z.strictObject({
    ...by,
    change: z.enum(['marked', 'removed']),
    /** Only for `marked`. */
    reason: LookalikeReason.optional(),
  }),
  /** The result of a command from the server. */
  command: z.strictObject({
    command: Uuid,
    what: CommandWhat,
    outcome: CommandOutcome,
    /** Why it was not done. */
    code: z.string().min(1).max(60).optional(),
  }),
  /** An action of the kiosk's staff. Without `by`: nobody was recognised, or it was done on the machine's command line. */
  staff: z.strictObject({
    ...by,
    what: StaffWhat,
    outcome: StaffOutcome,
    /** The member concerned, if any: who was added or removed, or who may have tried to enter. */
    member: Uuid.optional(),
    /** Only for `added`. */
    role: StaffRole.optional(),
    /** Why it failed; for `enter`, how, unless by PIN and app; for `leave`, why, if nobody asked; for `update`, the version. */
    code: z.string().min(1).max(60).optional(),
    /** For `enter`: the number of the technician's paper code that was used up. */
    paper: PaperNumber.optional(),
  }),
} as const;

/** Maximum number of templates of one person and model in one message. */
export const MAX_TEMPLATES = 40;
/** Returns whether unpadded base64url of this length is a whole number of float32 values. */
const wholeFloats = ({ length }: string): boolean => length % 4 !== 1 && Math.floor((length * 3) / 4) % 4 === 0;
/**
 * A face template on the wire, always sealed: little-endian float32, L2-normalised, as unpadded base64url. The embedder
 * determines the dimension: 16 to 512; 512 for the one that ships.
 */
export const TemplateValue = z.strictObject({
  id: Uuid,
  pose: z.string().max(20),
  vector: base64url.min(86).max(2731).refine(wholeFloats, 'must be whole float32 numbers'),
});
export type TemplateValue = z.infer<typeof TemplateValue>;

/** Maximum length of the ciphertext of a card's templates, base64url characters: ten templates. */
export const MAX_CARD_TEMPLATES = 28_000;
/** Templates encrypted with the key on a person's card (seal/card-template.ts). `id` is the card's. */
export const CardTemplateValue = z.strictObject({ id: Uuid, sealed: base64url.min(64).max(MAX_CARD_TEMPLATES) });
export type CardTemplateValue = z.infer<typeof CardTemplateValue>;

/** A PIN's hash as a PHC string: argon2id (RFC 9106), version 1.3. The cost is fixed, so no message can demand a higher one. */
const PinHash = z.string().regex(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
/**
 * What a PIN is checked against, at every kiosk that has the pepper. `id` identifies the choice of the PIN and is kept when it is
 * hashed again; `pepper` identifies argon2's secret (seal/pin-pepper.ts). Anyone who has both can try PINs, so this is always
 * sent sealed.
 */
export const PinValue = z.strictObject({ id: Uuid, pepper: Hash, hash: PinHash });
export type PinValue = z.infer<typeof PinValue>;

/** The personal half: the values before salting. Every field is optional, since it may have been purged. */
export const PersonalBody = {
  checkin: z.strictObject({
    person: Uuid.optional(),
    score: Unit.optional(),
    second: Unit.nullable().optional(),
    /** SHA-256 of the encrypted photo (its address), and the 32-byte key of this one file. */
    photo: Hash.optional(),
    photoKey: Hash.optional(),
    /** Position, sealed to the server; the kiosk itself can't read it any more. */
    gps: z.string().max(2048).optional(),
    /** Why staff recorded it manually. */
    reason: z.string().min(1).max(200).optional(),
  }),
  void: z.strictObject({ person: Uuid.optional() }),
  person: z.strictObject({
    person: Uuid.optional(),
    name: z.string().max(200).optional(),
    number: z.string().max(40).optional(),
    language: z.string().max(20).optional(),
    /** Photo taken at enrolment, like that of a check-in. */
    photo: Hash.optional(),
    photoKey: Hash.optional(),
  }),
  consent: z.strictObject({
    person: Uuid.optional(),
    /** Name of the guardian who agreed for someone below the age of consent, and their relation to the person. */
    guardian: z.string().max(200).optional(),
    relation: z.string().max(60).optional(),
    /** The person's date of birth, so that they are asked themselves when they come of age. */
    bornOn: z.iso.date().optional(),
  }),
  template: z.strictObject({
    person: Uuid.optional(),
    /** For `added`, the templates, which the server passes on to other kiosks; for `removed`, only their ids. */
    templates: z
      .array(TemplateValue.partial({ vector: true, pose: true }))
      .max(MAX_TEMPLATES)
      .optional(),
    /** Quality of the picture behind each added template, 0 to 100 (models/rules/quality.ts). */
    quality: z.array(z.number().int().min(0).max(100)).max(MAX_TEMPLATES).optional(),
    /** Instead of `templates`: the added templates, which only the person's card opens. */
    card: CardTemplateValue.optional(),
  }),
  credential: z.strictObject({
    person: Uuid.optional(),
    /** Id of the card and, if it was issued, SHA-256 of the code on it. */
    bearer: z.strictObject({ id: Uuid, hash: Hash.optional() }).optional(),
  }),
  pin: z.strictObject({
    person: Uuid.optional(),
    /** For `set` and `carried`; absent while the kiosk has no pepper from the server. */
    pin: PinValue.optional(),
  }),
  purge: z.strictObject({}),
  erasureDone: z.strictObject({ person: Uuid.optional() }),
  health: z.strictObject({}),
  evacuation: z.strictObject({ person: Uuid.optional() }),
  lookalike: z.strictObject({ person: Uuid.optional(), other: Uuid.optional() }),
  command: z.strictObject({}),
  staff: z.strictObject({
    /** Name of the member, who may exist at this kiosk only. */
    name: z.string().max(200).optional(),
    /** For `pin`, if the server knows the member: the PIN they chose, and the id of the choice that it replaces. */
    pin: PinValue.extend({ replaces: Uuid }).optional(),
  }),
} as const;

export type EventType = keyof typeof OpenBody;
const EVENT_TYPES = Object.keys(OpenBody) as EventType[];
export type Open<T extends EventType> = z.infer<(typeof OpenBody)[T]>;
export type Personal<T extends EventType> = z.infer<(typeof PersonalBody)[T]>;

/** The part that is hashed and never changes. */
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
  /** SHA-256(JCS(previous header)); 43 × `A` for the first event of an epoch. */
  prev: Hash,
});
export type EventHeader = z.infer<typeof EventHeader>;

/** A salted personal value on the wire. Salt and value are only ever present together. */
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

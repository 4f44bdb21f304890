import { z } from 'zod';
import { deviceHeader, Ed25519PublicJwk, Kid, sealedSize, TYP } from './batch.ts';
import {
  CardTemplateValue,
  Direction,
  Instant,
  LookalikeReason,
  MAX_TEMPLATES,
  PaperNumber,
  PinValue,
  StaffRole,
  TemplateValue,
  Uuid,
} from './event.ts';
import { Command, DeviceConfig, Inventory, UpdateDirective } from './fleet.ts';
import { ServerKeys } from './keys.ts';

/**
 * Downstream: a kiosk asks from where it stands (signed by the device, sealed to the server) and gets one page of the
 * server's change log (signed by the server, sealed to the device). A snapshot comes first, then what changed since.
 * A page holds only what concerns the sites of the device.
 */

/** A reader's position in the log; made by the server, opaque to the kiosk. Empty: nowhere yet. */
export const Cursor = z.string().max(200);

export const MAX_PAGE_CHANGES = 200;
/** Largest padded plaintext of a page and of an ask, bytes: buckets. */
export const MAX_PAGE_PLAIN = 512 * 1024;
export const MAX_ASK_PLAIN = 16 * 1024;
/** Largest sealed page and ask, bytes: checked before decryption. */
export const MAX_PAGE_BYTES = sealedSize(MAX_PAGE_PLAIN);
export const MAX_ASK_BYTES = sealedSize(MAX_ASK_PLAIN);

/** Protected header of an ask, as of a batch; `jti` makes each one different, and the page that answers it repeats it. */
export const AskHeader = deviceHeader(TYP.ask).extend({ jti: Uuid });
export type AskHeader = z.infer<typeof AskHeader>;

export const Ask = z.discriminatedUnion('what', [
  z.strictObject({
    what: z.literal('changes'),
    /** The epoch whose marks the answer's ack is to report. */
    epoch: Uuid,
    cursor: Cursor,
    limit: z.number().int().min(1).max(MAX_PAGE_CHANGES),
    /** Thumbprints of the server's signing keys that this kiosk trusts: the answer is signed by one of them. */
    trusts: z.array(Kid).min(1).max(4),
    /** Time of the newest presence that this kiosk knows; null for none. */
    presenceAfter: Instant.nullable(),
    /**
     * `serverTime` of the newest answer that this kiosk has; null for none. An ask that names none newer than an ask before it
     * is an old one, played again, and counts for no sign of life.
     */
    heard: Instant.nullable().optional(),
    /** The kiosk's health: after changes, and now and then. */
    report: Inventory.optional(),
  }),
  z.strictObject({
    what: z.literal('renew'),
    /** PKCS #10 for the TLS key, PEM: a new key, or the same. */
    csr: z.string().max(4096),
    trusts: z.array(Kid).min(1).max(4),
  }),
]);
export type Ask = z.infer<typeof Ask>;

/** The customer's own consent text in one language, reviewed. `{controller}`, `{contact}`, `{dpo}`, `{photoDays}` are filled in on the kiosk. */
export const PolicyConsentText = z.strictObject({
  version: z.string().min(1).max(20),
  language: z.string().min(2).max(20),
  title: z.string().min(1).max(200),
  paragraphs: z.array(z.string().min(1).max(2000)).min(1).max(20),
});
export type PolicyConsentText = z.infer<typeof PolicyConsentText>;

/** Most languages of one consent text. */
export const MAX_CONSENT_TEXTS = 40;

/**
 * Check-in methods that a kiosk offers as equals. `pin`: number and PIN; `qr`: the code on the person's own page; `badge`: a printed
 * card, or a badge by its number.
 */
export const CheckinMethod = z.enum(['face', 'pin', 'qr', 'badge']);
export type CheckinMethod = z.infer<typeof CheckinMethod>;
const unique = (all: readonly string[]) => new Set(all).size === all.length;

/** `HH:MM` on the wall. */
export const TimeOfDay = z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/);

/** How many moves a liveness challenge has: `light` one, `standard` two, `strong` three. */
export const LivenessPolicy = z.enum(['off', 'light', 'standard', 'strong']);
export type LivenessPolicy = z.infer<typeof LivenessPolicy>;

/** Whether colours of the screen are part of a liveness challenge, where faces can be seen to respond to them. */
export const LightChallenge = z.enum(['off', 'when-it-works']);

/** How a kiosk is to behave, as far as the server decides it. Absent: as the kiosk's own site.json says. */
export const Policy = z.strictObject({
  /** Days without the server after which a kiosk drops its templates. */
  leaseDays: z.number().int().min(1).max(365),
  photoDays: z.number().int().min(1).max(90).optional(),
  gpsDays: z.number().int().min(1).max(30).optional(),
  liveness: LivenessPolicy.optional(),
  /** Absent: `off`. */
  lightChallenge: LightChallenge.optional(),
  /** `off`: no face is recognised or enrolled here, since the law of the place does not allow it; the other check-in methods stay. */
  faces: z.enum(['on', 'off']).optional(),
  /** Id of the embedder that recognises here; absent: the one that ships. Templates of others rest. */
  embedder: z.string().max(80).optional(),
  /** Below this age a guardian agrees; absent: 18. */
  consentAge: z.number().int().min(13).max(21).optional(),
  /** A consent is asked for again after so many months; absent: it has no end of its own. */
  consentMonths: z.number().int().min(1).max(120).optional(),
  /** A face is to be enrolled again so many months after the last time; absent: it has no end of its own. */
  faceMonths: z.number().int().min(1).max(120).optional(),
  /** The same of people below the age of consent, whose faces change faster; absent: 12, or `faceMonths` where that is less. */
  minorFaceMonths: z.number().int().min(1).max(120).optional(),
  /** The same person within this time is one check-in; the server uses the same value for the site's records. */
  repeatWindowSeconds: z.number().int().min(0).max(3600).optional(),
  /** `HH:MM` on the wall of the site: arrivals after it and the grace are late in reports. Kiosks are not sent it. */
  workStartsAt: TimeOfDay.optional(),
  /** Absent: none. */
  graceMinutes: z.number().int().min(0).max(240).optional(),
  privacy: z
    .strictObject({
      controller: z.string().min(1).max(200),
      contact: z.string().min(1).max(200),
      dpo: z.string().min(1).max(200),
    })
    .optional(),
  /** Which methods are offered, in this order; absent: all. At least one needs no face (`methodsWithoutFace`). */
  checkinMethods: z
    .array(CheckinMethod)
    .min(1)
    .max(CheckinMethod.options.length)
    .refine(unique, 'each method once')
    .optional(),
  /** These methods are followed by a comparison with the one person's face; absent: none is. */
  withFace: z
    .array(z.enum(['qr', 'badge']))
    .max(2)
    .refine(unique, 'each method once')
    .optional(),
  /** Whether administrators may watch the screens of its kiosks live, which say so then; absent: `off`. */
  watchScreens: z.enum(['on', 'off']).optional(),
  /** Where face templates are stored: on server and kiosks, or as a ciphertext that only the person's card opens; absent: `store`. */
  templates: z.enum(['store', 'card']).optional(),
  /**
   * The days that the site's records are counted by: its zone (IANA), and when on the wall one ends and the next begins.
   * Absent: as site.json says.
   */
  day: z.strictObject({ timeZone: z.string().min(1).max(64), startsAt: TimeOfDay }).optional(),
  /** In place of the consent text that ships: only in these languages may people agree. */
  consentTexts: z.array(PolicyConsentText).max(MAX_CONSENT_TEXTS).optional(),
});
export type Policy = z.infer<typeof Policy>;

/** The check-in methods of a policy that need no face. */
export const methodsWithoutFace = ({
  checkinMethods = CheckinMethod.options,
  withFace = [],
}: Pick<Policy, 'checkinMethods' | 'withFace'>): CheckinMethod[] =>
  checkinMethods.filter((method) => method !== 'face' && !(withFace as readonly CheckinMethod[]).includes(method));

/** Most cards, and most badges, of one person. */
export const MAX_CREDENTIALS = 20;
/** Number of a badge, as a reader gives it. */
export const BadgeNumber = z.string().min(1).max(80);

export const MAX_REENROLMENTS = 500;
/** Why a person is to be enrolled again; a kiosk shows a reason that it does not know as a plain one. */
const ReenrolmentReason = z.string().regex(/^[a-z][a-z-]{0,39}$/);

export const MAX_STAFF = 50;
/** PIN of a member of staff. `start`: made by the server and to be replaced by the member's own at its first use. */
export const StaffPin = PinValue.extend({ start: z.boolean() });
/** What a technician's codes are judged by (seal/technician-code.ts): the secret of the app (20 bytes), and SHA-256 of each code on paper that is left. */
export const SecondFactor = z.strictObject({
  secret: z.string().regex(/^[A-Za-z0-9_-]{27}$/),
  paper: z.array(z.strictObject({ n: PaperNumber, hash: Kid })).max(5),
});
export type SecondFactor = z.infer<typeof SecondFactor>;
/** What a member of staff unlocks a kiosk with. */
export const StaffKeys = z.strictObject({
  /** Null: none, or it was taken back. */
  pin: StaffPin.nullable(),
  badge: BadgeNumber.nullable(),
  /** Of a technician, and of nobody else. */
  factor: SecondFactor.nullable(),
});
export type StaffKeys = z.infer<typeof StaffKeys>;
/** A member of a kiosk's staff. Anyone who has it can try PINs and generate codes, so it is always sent encrypted. */
export const StaffMember = z
  .strictObject({
    id: Uuid,
    name: z.string().min(1).max(60),
    role: StaffRole,
    ...StaffKeys.shape,
  })
  .refine(({ role, factor }) => (role === 'technician') === (factor !== null), 'a technician has a second factor');
export type StaffMember = z.infer<typeof StaffMember>;
export const Staff = z
  .array(StaffMember)
  .max(MAX_STAFF)
  .refine((all) => unique(all.map(({ id }) => id)), 'each member once');

export const MAX_LOOKALIKES = 20;

const Evacuation = z.strictObject({ id: Uuid, startedAt: Instant });

/** One change, in the order of the log. Applying one twice, or an older one after a newer, ends in the same state as the log's order.
 * Of what a snapshot says of a person, `person` is the first, and no templates come before the lookalikes. */
export const Change = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('policy'), policy: Policy }),
  z.strictObject({ kind: z.literal('keys'), keys: ServerKeys }),
  z.strictObject({
    kind: z.literal('person'),
    person: Uuid,
    name: z.string().max(200),
    number: z.string().max(40).nullable(),
    language: z.string().max(20),
    gpsOptOut: z.boolean(),
  }),
  /** All cards and badges of a person that count: what is not in it is gone, and opens nothing any more. */
  z.strictObject({
    kind: z.literal('credentials'),
    person: Uuid,
    /** Printed cards: SHA-256 of what the card carries. */
    cards: z.array(z.strictObject({ id: Uuid, hash: Kid })).max(MAX_CREDENTIALS),
    badges: z.array(BadgeNumber).max(MAX_CREDENTIALS),
  }),
  /** What a person's card opens; null: none. There is one at most, and a new card makes the one before worthless. */
  z.strictObject({
    kind: z.literal('cardTemplate'),
    person: Uuid,
    model: z.string().max(80),
    card: CardTemplateValue.nullable(),
  }),
  /**
   * A code by which the person chooses a PIN at this kiosk, once, until it expires: SHA-256 of it (seal/pin-code.ts); null:
   * none any more.
   */
  z.strictObject({
    kind: z.literal('pinCode'),
    person: Uuid,
    code: z.strictObject({ id: Uuid, hash: Kid, expires: Instant }).nullable(),
  }),
  /** What the person's PIN is checked by; null: none that was chosen before counts any more. */
  z.strictObject({ kind: z.literal('pin'), person: Uuid, pin: PinValue.nullable() }),
  /** All peppers of PINs, newest first: what is not in it is forgotten, and PINs under it can't be checked any more. */
  z.strictObject({ kind: z.literal('pinPeppers'), peppers: z.array(Kid).max(4) }),
  /** The evacuation of the site that goes on; null: none does. */
  z.strictObject({ kind: z.literal('evacuation'), evacuation: Evacuation.nullable() }),
  /** Whether a person was seen outside in it, when, and at which kiosk; `device` null: the console says so. `seen` null: missing. */
  z.strictObject({
    kind: z.literal('accounted'),
    evacuation: Evacuation,
    person: Uuid,
    seen: z.strictObject({ at: Instant, device: Uuid.nullable() }).nullable(),
  }),
  /** Everybody of the site who is to be enrolled again: anyone who is not in it is not. */
  z.strictObject({
    kind: z.literal('reenrol'),
    people: z.array(z.strictObject({ person: Uuid, reason: ReenrolmentReason })).max(MAX_REENROLMENTS),
  }),
  /** All members of staff that the server has for the site: who is not in it can no longer unlock the kiosk. */
  z.strictObject({ kind: z.literal('staff'), staff: Staff }),
  /**
   * Everyone of this kiosk's sites who is a lookalike of a person: anyone who is not in it is none. Neither of a pair is
   * identified by their face alone.
   */
  z.strictObject({
    kind: z.literal('lookalikes'),
    person: Uuid,
    others: z
      .array(
        z.strictObject({
          person: Uuid,
          reason: LookalikeReason,
          at: Instant,
          /** Where it was marked; null: in the console. */
          device: Uuid.nullable(),
          /** Who of a kiosk's staff marked it, where that is known. */
          by: z.string().min(1).max(60).nullable(),
        }),
      )
      .max(MAX_LOOKALIKES),
  }),
  /** All templates of a person for one model: what is not in it is gone. Only ever after a recorded consent. */
  z.strictObject({
    kind: z.literal('templates'),
    person: Uuid,
    model: z.string().max(80),
    templates: z.array(TemplateValue).max(MAX_TEMPLATES),
  }),
  /** All keys that a person's own code may be signed by, newest first. */
  z.strictObject({ kind: z.literal('issuers'), keys: z.array(Ed25519PublicJwk).max(4) }),
  /** No longer at this kiosk's sites: delete, nothing to confirm. */
  z.strictObject({ kind: z.literal('removed'), person: Uuid }),
  /** Erase and confirm with an `erasureDone` event that names `request`. */
  z.strictObject({ kind: z.literal('erase'), request: Uuid, person: Uuid }),
  /** Which build this device is to run; null: the one that it has. */
  z.strictObject({ kind: z.literal('update'), update: UpdateDirective.nullable() }),
  /** Something to do once. */
  z.strictObject({ kind: z.literal('command'), ...Command.shape }),
  /** All of this device's own settings: what is not in it is as its site.json says. */
  z.strictObject({ kind: z.literal('config'), revision: z.number().int().nonnegative(), config: DeviceConfig }),
]);
export type Change = z.infer<typeof Change>;

/** The last record of a person at the kiosk's sites, from any kiosk: a hint for the direction, never a record. */
export const Presence = z.strictObject({ person: Uuid, direction: Direction, at: Instant });
export type Presence = z.infer<typeof Presence>;

/** Most presences in a page: so many mean that there may be more. */
export const MAX_PRESENCE = 1000;

/** A kiosk of the reader's site, and when the server last heard it; null for never. */
export const SiteKiosk = z.strictObject({ device: Uuid, name: z.string().max(100), heardAt: Instant.nullable() });
export type SiteKiosk = z.infer<typeof SiteKiosk>;
export const MAX_SITE_KIOSKS = 100;
export const SiteKiosks = z.array(SiteKiosk).max(MAX_SITE_KIOSKS);

export const Page = z.discriminatedUnion('what', [
  z.strictObject({
    what: z.literal('changes'),
    device: Uuid,
    /** The ask that this answers. */
    jti: Uuid,
    /** `whole`: a page of a snapshot; after its last page (`more` false) what was in no page of it is gone. */
    whole: z.boolean(),
    /** The first page of a snapshot: the pages of one that was begun before count no more. */
    first: z.boolean().optional(),
    changes: z.array(Change).max(MAX_PAGE_CHANGES),
    /** Where to continue. */
    cursor: Cursor,
    more: z.boolean(),
    presence: z.array(Presence).max(MAX_PRESENCE),
    /** Every kiosk of the site, the reader too; only with the last page. */
    kiosks: SiteKiosks.optional(),
    /** Signed ack of the epoch asked for (wire/ack.ts). */
    ack: z.string().max(4096),
  }),
  z.strictObject({
    what: z.literal('renewed'),
    device: Uuid,
    jti: Uuid,
    tlsCertPem: z.string().max(8192),
    keys: ServerKeys,
  }),
]);
export type Page = z.infer<typeof Page>;

/** Largest signed rejection, bytes. */
export const MAX_REJECTION_BYTES = 2048;

/** Why the server took nothing of a message that came without a connection to answer on (MQTT). */
export const Rejection = z.strictObject({
  device: Uuid,
  /** SHA-256 of the sealed message, base64url: which one it was. */
  digest: Kid,
  code: z.string().regex(/^[a-z0-9-]{1,60}$/),
  serverTime: Instant,
});
export type Rejection = z.infer<typeof Rejection>;

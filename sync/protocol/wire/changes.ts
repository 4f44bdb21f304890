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
 * Downstream: a kiosk sends an ask with its cursor (signed by the device, sealed to the server) and gets one page of the server's
 * change log (signed by the server, sealed to the device). First come the pages of a snapshot, then the changes made since. A
 * page holds only what concerns the device's sites.
 */

/** A reader's position in the log. Made by the server, opaque to the kiosk. Empty: the kiosk has read nothing yet. */
export const Cursor = z.string().max(200);

export const MAX_PAGE_CHANGES = 200;
/** Largest padded plaintext of a page and of an ask, bytes. Both are padding buckets. */
export const MAX_PAGE_PLAIN = 512 * 1024;
export const MAX_ASK_PLAIN = 16 * 1024;
/** Largest sealed page and ask, bytes. Checked before decryption. */
export const MAX_PAGE_BYTES = sealedSize(MAX_PAGE_PLAIN);
export const MAX_ASK_BYTES = sealedSize(MAX_ASK_PLAIN);

/** Protected header of an ask, like that of a batch. Every ask has its own `jti`, which the answering page repeats. */
export const AskHeader = deviceHeader(TYP.ask).extend({ jti: Uuid });
export type AskHeader = z.infer<typeof AskHeader>;

export const Ask = z.discriminatedUnion('what', [
  z.strictObject({
    what: z.literal('changes'),
    /** The epoch whose marks the ack in the answer reports. */
    epoch: Uuid,
    cursor: Cursor,
    limit: z.number().int().min(1).max(MAX_PAGE_CHANGES),
    /** Thumbprints of the server's signing keys that this kiosk trusts. The answer is signed by one of them. */
    trusts: z.array(Kid).min(1).max(4),
    /** Time of the newest presence that this kiosk has; null if it has none. */
    presenceAfter: Instant.nullable(),
    /**
     * `serverTime` of the newest answer that this kiosk has; null if it has none. An ask whose value is no newer than that of an
     * earlier ask may be a replay, and doesn't count as a sign of life.
     */
    heard: Instant.nullable().optional(),
    /** The kiosk's health: sent after it changed, and from time to time. */
    report: Inventory.optional(),
  }),
  z.strictObject({
    what: z.literal('renew'),
    /** PKCS #10 request for the TLS key, PEM. The key may be new or the current one. */
    csr: z.string().max(4096),
    trusts: z.array(Kid).min(1).max(4),
  }),
]);
export type Ask = z.infer<typeof Ask>;

/** The customer's own reviewed consent text. The kiosk fills in `{controller}`, `{contact}`, `{dpo}` and `{photoDays}`. */
export const PolicyConsentText = z.strictObject({
  version: z.string().min(1).max(20),
  language: z.string().min(2).max(20),
  title: z.string().min(1).max(200),
  paragraphs: z.array(z.string().min(1).max(2000)).min(1).max(20),
});
export type PolicyConsentText = z.infer<typeof PolicyConsentText>;

/** Maximum number of languages of one consent text. */
export const MAX_CONSENT_TEXTS = 40;

/**
 * Check-in methods that a kiosk offers as equals. `pin`: number and PIN; `qr`: the code on the person's own page; `badge`: a
 * printed card, or a badge identified by its number.
 */
export const CheckinMethod = z.enum(['face', 'pin', 'qr', 'badge']);
export type CheckinMethod = z.infer<typeof CheckinMethod>;
const unique = (all: readonly string[]) => new Set(all).size === all.length;

/** Local time of day, `HH:MM`. */
export const TimeOfDay = z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/);

/** Number of moves in a liveness challenge: one for `light`, two for `standard`, three for `strong`. */
export const LivenessPolicy = z.enum(['off', 'light', 'standard', 'strong']);
export type LivenessPolicy = z.infer<typeof LivenessPolicy>;

/** Whether a liveness challenge includes colours of the screen, at kiosks where faces visibly reflect them. */
export const LightChallenge = z.enum(['off', 'when-it-works']);

/** How a kiosk behaves, as far as the server decides it. Where a field is absent, the kiosk's own site.json applies. */
export const Policy = z.strictObject({
  /** Days without the server after which a kiosk drops its templates. */
  leaseDays: z.number().int().min(1).max(365),
  photoDays: z.number().int().min(1).max(90).optional(),
  gpsDays: z.number().int().min(1).max(30).optional(),
  liveness: LivenessPolicy.optional(),
  /** Absent: `off`. */
  lightChallenge: LightChallenge.optional(),
  /** `off`: no face is recognised or enrolled here, because local law does not allow it. The other check-in methods remain. */
  faces: z.enum(['on', 'off']).optional(),
  /** Id of the embedder that recognises here; absent: the one that ships. Templates of other embedders are kept but not used. */
  embedder: z.string().max(80).optional(),
  /** Below this age a guardian has to agree; absent: 18. */
  consentAge: z.number().int().min(13).max(21).optional(),
  /** Months after which a consent has to be renewed; absent: it doesn't expire. */
  consentMonths: z.number().int().min(1).max(120).optional(),
  /** Months after which a face has to be enrolled again; absent: never. */
  faceMonths: z.number().int().min(1).max(120).optional(),
  /** The same for people below the age of consent, whose faces change faster; absent: 12, or `faceMonths` if that is less. */
  minorFaceMonths: z.number().int().min(1).max(120).optional(),
  /** Records of one person within this time count as one check-in. The server uses the same value for the site's records. */
  repeatWindowSeconds: z.number().int().min(0).max(3600).optional(),
  /** Local time at the site. Reports count arrivals after it plus `graceMinutes` as late. Not sent to kiosks. */
  workStartsAt: TimeOfDay.optional(),
  /** Absent: no grace period. */
  graceMinutes: z.number().int().min(0).max(240).optional(),
  privacy: z
    .strictObject({
      controller: z.string().min(1).max(200),
      contact: z.string().min(1).max(200),
      dpo: z.string().min(1).max(200),
    })
    .optional(),
  /** The methods offered, in this order; absent: all. At least one needs no face (`methodsWithoutFace`). */
  checkinMethods: z
    .array(CheckinMethod)
    .min(1)
    .max(CheckinMethod.options.length)
    .refine(unique, 'each method once')
    .optional(),
  /** Methods after which the person's face is compared with their own templates; absent: none. */
  withFace: z
    .array(z.enum(['qr', 'badge']))
    .max(2)
    .refine(unique, 'each method once')
    .optional(),
  /** Whether administrators may watch the screens of the site's kiosks live (the kiosk shows it while they do); absent: `off`. */
  watchScreens: z.enum(['on', 'off']).optional(),
  /** Where face templates are: `store`, on server and kiosks; `card`, as a ciphertext that the card opens. Absent: `store`. */
  templates: z.enum(['store', 'card']).optional(),
  /**
   * How the site's attendance days are divided: its time zone (IANA), and the local time at which one day ends and the next
   * begins. Absent: as in site.json.
   */
  day: z.strictObject({ timeZone: z.string().min(1).max(64), startsAt: TimeOfDay }).optional(),
  /** Replaces the consent text that ships: people may agree only in these languages. */
  consentTexts: z.array(PolicyConsentText).max(MAX_CONSENT_TEXTS).optional(),
});
export type Policy = z.infer<typeof Policy>;

/** Returns the check-in methods of a policy that need no face. */
export const methodsWithoutFace = ({
  checkinMethods = CheckinMethod.options,
  withFace = [],
}: Pick<Policy, 'checkinMethods' | 'withFace'>): CheckinMethod[] =>
  checkinMethods.filter((method) => method !== 'face' && !(withFace as readonly CheckinMethod[]).includes(method));

/** Maximum number of cards, and of badges, per person. */
export const MAX_CREDENTIALS = 20;
/** Number of a badge, as a reader outputs it. */
export const BadgeNumber = z.string().min(1).max(80);

export const MAX_REENROLMENTS = 500;
/** Why a person has to be enrolled again. A kiosk shows a generic text for a reason it doesn't know. */
const ReenrolmentReason = z.string().regex(/^[a-z][a-z-]{0,39}$/);

export const MAX_STAFF = 50;
/** PIN of a member of staff. `start`: made by the server; the member has to replace it at first use. */
export const StaffPin = PinValue.extend({ start: z.boolean() });
/** Checks a technician's codes (seal/technician-code.ts): 20-byte app secret, and SHA-256 of each unused code on paper. */
export const SecondFactor = z.strictObject({
  secret: z.string().regex(/^[A-Za-z0-9_-]{27}$/),
  paper: z.array(z.strictObject({ n: PaperNumber, hash: Kid })).max(5),
});
export type SecondFactor = z.infer<typeof SecondFactor>;
/** Credentials with which a member of staff unlocks a kiosk. */
export const StaffKeys = z.strictObject({
  /** Null: the member has none, or it was revoked. */
  pin: StaffPin.nullable(),
  badge: BadgeNumber.nullable(),
  /** Technicians only; null for everyone else. */
  factor: SecondFactor.nullable(),
});
export type StaffKeys = z.infer<typeof StaffKeys>;
/** A member of a kiosk's staff. Anyone who has this data can try PINs and generate codes, so it is always sent encrypted. */
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

/**
 * One change, in the order of the log. Applying a change twice, or an older one after a newer one, ends in the same state as the
 * log's order. In a snapshot, `person` is the first of a person's changes, and templates come only after the lookalikes.
 */
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
  /** All valid cards and badges of a person. Any other is deleted and no longer opens anything. */
  z.strictObject({
    kind: z.literal('credentials'),
    person: Uuid,
    /** Printed cards: SHA-256 of the code on the card. */
    cards: z.array(z.strictObject({ id: Uuid, hash: Kid })).max(MAX_CREDENTIALS),
    badges: z.array(BadgeNumber).max(MAX_CREDENTIALS),
  }),
  /** The templates that a person's card opens; null: none. There is one card at most; a new one makes the old one useless. */
  z.strictObject({
    kind: z.literal('cardTemplate'),
    person: Uuid,
    model: z.string().max(80),
    card: CardTemplateValue.nullable(),
  }),
  /**
   * SHA-256 (seal/pin-code.ts) of a code with which the person chooses a PIN at this kiosk, once, until it expires; null: no code
   * is valid.
   */
  z.strictObject({
    kind: z.literal('pinCode'),
    person: Uuid,
    code: z.strictObject({ id: Uuid, hash: Kid, expires: Instant }).nullable(),
  }),
  /** What the person's PIN is checked against; null: no PIN chosen earlier is valid. */
  z.strictObject({ kind: z.literal('pin'), person: Uuid, pin: PinValue.nullable() }),
  /** All peppers of PINs, newest first. A kiosk deletes any other, and can then no longer check PINs hashed with it. */
  z.strictObject({ kind: z.literal('pinPeppers'), peppers: z.array(Kid).max(4) }),
  /** The evacuation in progress at the site; null: none. */
  z.strictObject({ kind: z.literal('evacuation'), evacuation: Evacuation.nullable() }),
  /** When a person was seen outside, and by which kiosk (`device` null: reported in the console); `seen` null: missing. */
  z.strictObject({
    kind: z.literal('accounted'),
    evacuation: Evacuation,
    person: Uuid,
    seen: z.strictObject({ at: Instant, device: Uuid.nullable() }).nullable(),
  }),
  /** Everyone at the site who has to be enrolled again, and no one else. */
  z.strictObject({
    kind: z.literal('reenrol'),
    people: z.array(z.strictObject({ person: Uuid, reason: ReenrolmentReason })).max(MAX_REENROLMENTS),
  }),
  /** All members of staff that the server has for the site. Anyone else can no longer unlock the kiosk. */
  z.strictObject({ kind: z.literal('staff'), staff: Staff }),
  /** All lookalikes of a person at this kiosk's sites, and no one else. Neither person of a pair is identified by face alone. */
  z.strictObject({
    kind: z.literal('lookalikes'),
    person: Uuid,
    others: z
      .array(
        z.strictObject({
          person: Uuid,
          reason: LookalikeReason,
          at: Instant,
          /** Kiosk where it was marked; null: in the console. */
          device: Uuid.nullable(),
          /** The member of kiosk staff who marked it, if known. */
          by: z.string().min(1).max(60).nullable(),
        }),
      )
      .max(MAX_LOOKALIKES),
  }),
  /** All templates of a person for one model; any other is deleted. Sent only after a recorded consent. */
  z.strictObject({
    kind: z.literal('templates'),
    person: Uuid,
    model: z.string().max(80),
    templates: z.array(TemplateValue).max(MAX_TEMPLATES),
  }),
  /** All keys that may sign a person's own code, newest first. */
  z.strictObject({ kind: z.literal('issuers'), keys: z.array(Ed25519PublicJwk).max(4) }),
  /** The person is no longer at this kiosk's sites: delete them, without confirmation. */
  z.strictObject({ kind: z.literal('removed'), person: Uuid }),
  /** Erase the person, and confirm with an `erasureDone` event that names `request`. */
  z.strictObject({ kind: z.literal('erase'), request: Uuid, person: Uuid }),
  /** The build that this device should run; null: keep the current one. */
  z.strictObject({ kind: z.literal('update'), update: UpdateDirective.nullable() }),
  /** A command, carried out once. */
  z.strictObject({ kind: z.literal('command'), ...Command.shape }),
  /** All of this device's own settings. What is absent is as in its site.json. */
  z.strictObject({ kind: z.literal('config'), revision: z.number().int().nonnegative(), config: DeviceConfig }),
]);
export type Change = z.infer<typeof Change>;

/** A person's last record at the kiosk's sites, from any kiosk. Only a hint for the direction, never a record. */
export const Presence = z.strictObject({ person: Uuid, direction: Direction, at: Instant });
export type Presence = z.infer<typeof Presence>;

/** Maximum number of presences per page. A page with this many may have left some out. */
export const MAX_PRESENCE = 1000;

/** A kiosk of the reader's site, and when the server last received something from it; null for never. */
export const SiteKiosk = z.strictObject({ device: Uuid, name: z.string().max(100), heardAt: Instant.nullable() });
export type SiteKiosk = z.infer<typeof SiteKiosk>;
export const MAX_SITE_KIOSKS = 100;
export const SiteKiosks = z.array(SiteKiosk).max(MAX_SITE_KIOSKS);

export const Page = z.discriminatedUnion('what', [
  z.strictObject({
    what: z.literal('changes'),
    device: Uuid,
    /** `jti` of the ask that this answers. */
    jti: Uuid,
    /** `whole`: a page of a snapshot. After its last page (`more` false) the kiosk deletes what none of its pages contained. */
    whole: z.boolean(),
    /** The first page of a snapshot. Pages of an earlier, unfinished snapshot no longer count. */
    first: z.boolean().optional(),
    changes: z.array(Change).max(MAX_PAGE_CHANGES),
    /** Cursor for the next ask. */
    cursor: Cursor,
    more: z.boolean(),
    presence: z.array(Presence).max(MAX_PRESENCE),
    /** Every kiosk of the site, including the reader; only on the last page. */
    kiosks: SiteKiosks.optional(),
    /** Signed ack of the requested epoch (wire/ack.ts). */
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

/** Why the server rejected a message that arrived without a connection to answer on (MQTT). */
export const Rejection = z.strictObject({
  device: Uuid,
  /** SHA-256 of the rejected sealed message, base64url. */
  digest: Kid,
  code: z.string().regex(/^[a-z0-9-]{1,60}$/),
  serverTime: Instant,
});
export type Rejection = z.infer<typeof Rejection>;

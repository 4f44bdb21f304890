import { z } from 'zod';
import { BadgeNumber, CheckinMethod, LivenessPolicy } from '../../sync/protocol/wire/changes.ts';
import { LookalikeReason, Method } from '../../sync/protocol/wire/event.ts';
import { MAX_PICTURE_BYTES } from '../../sync/protocol/wire/farewell.ts';
import { CAMERA_DOUBTS, CAMERA_UNUSABLE } from '../../sync/protocol/wire/fleet.ts';
import { givenName, isReadableName } from '../../sync/protocol/wire/name.ts';
import { Diagnostics } from './diagnostics.ts';
import { EvacuationList } from './evacuation.ts';
import { FaceFrame } from './frames.ts';
import { Printing } from './printing.ts';
import { Setup } from './setup.ts';
import { NewStaff, StaffChoice, StaffDeed, StaffPin, StaffRow, Unlock, Unlocked } from './staff.ts';
import { TechnicianState, TechnicianTask } from './technician.ts';

/**
 * The one typed contract between a kiosk's screen and its core, whatever transports it (a MessagePort in Electron, a WebSocket on
 * loopback in the browser host). Each method takes one object and returns one object; both are parsed by their schema at the
 * boundary. Codes of quality reasons and challenges are those of models/rules/reasons.ts.
 */

const Code = z.string().regex(/^[a-z0-9-]{1,60}$/);
const Id = z.uuid();
const Language = z.string().regex(/^[a-z]{2}(-[A-Z]{2})?$/);
const Instant = z.iso.datetime({ precision: 3 });
const Name = givenName(200);
const AnyName = z.string().trim().min(1).max(200);
/** May have been assigned by another program: the server accepts any number. */
const Number_ = z
  .string()
  .trim()
  .regex(/^\P{Cc}{1,40}$/u);
const Pin = z.string().regex(/^[0-9]{4,12}$/);
const StaffToken = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const empty = z.strictObject({});

/** What a screen needs to draw itself and what does not change while the core runs; requested once per connection. */
export const Hello = z.strictObject({
  version: z.string(),
  /** The commit that the build was made from, if known. */
  commit: z
    .string()
    .regex(/^[0-9a-f]{40}$/)
    .nullable(),
  site: z.string(),
  device: Id,
  languages: z.array(Language).min(1),
  defaultLanguage: Language,
  demo: z.boolean(),
  /** How long "not me" is offered on the result, ms. */
  undoMs: z.number().int(),
});
export type Hello = z.infer<typeof Hello>;

export const Receipt = z.strictObject({
  checkin: Id,
  /** Token needed to void the check-in; valid for `undoMs`. */
  undo: z.string(),
  name: z.string(),
  /** The person's language on the server: any language code. Null if none was given. */
  language: z.string().min(1).max(20).nullable(),
  direction: z.enum(['in', 'out']),
  at: Instant,
  method: Method,
  liveness: z.string(),
  /** True if the same person was already checked in within the configured window: no new record was made. */
  repeated: z.boolean(),
});
export type Receipt = z.infer<typeof Receipt>;

/** Stands for the person whose face is expected next, without naming them. Valid only for the next visit, for one minute. */
const ClaimToken = z.string().regex(/^[A-Za-z0-9_-]{32}$/);

/** The outcome of a code or badge: checked in, or its owner's face has to be shown first (`visitBegin` with the claim). */
export const CredentialResult = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('welcome'), receipt: Receipt }),
  z.strictObject({ kind: z.literal('face'), claim: ClaimToken }),
]);
export type CredentialResult = z.infer<typeof CredentialResult>;

/** The outcome for a reader that the core itself listens to, pushed to the screen. `code`: as the methods are refused with. */
export const Arrival = z.discriminatedUnion('kind', [
  ...CredentialResult.options,
  /** Read while the unlock screen is listening: passed on to `staffUnlock`. */
  z.strictObject({ kind: z.literal('badge'), badge: BadgeNumber }),
  z.strictObject({
    kind: z.literal('refused'),
    code: Code,
    /** For `locked`: the duration. */
    seconds: z.number().int().optional(),
  }),
]);
export type Arrival = z.infer<typeof Arrival>;

export const ProbeResult = z.discriminatedUnion('kind', [
  /** Continue with the next frame; `progress` 0..1 drives the ring. */
  z.strictObject({ kind: z.literal('more'), progress: z.number() }),
  /** The person has to change something; `reason` is a QualityReason. */
  z.strictObject({ kind: z.literal('guide'), reason: Code }),
  /** Liveness: what to do now, and the progress so far. */
  z.strictObject({
    kind: z.literal('challenge'),
    step: Code,
    index: z.number().int(),
    of: z.number().int(),
    progress: z.number(),
    /** True: the head is where it should be and has to stay there. */
    hold: z.boolean(),
    /** Screen colours follow, unless the person opts out. */
    light: z.boolean(),
  }),
  /** Liveness: the colours to show in turn while the face is near, each for the given ms; the last one remains on the screen. */
  z.strictObject({
    kind: z.literal('light'),
    sequence: z.array(z.strictObject({ colour: z.string().regex(/^#[0-9a-f]{6}$/), ms: z.number().positive() })),
  }),
  z.strictObject({ kind: z.literal('welcome'), receipt: Receipt }),
  /**
   * No match, not certain enough, liveness failed too often, or too many attempts with this number: offer the other check-in
   * methods. Never reveals who was a near match or whether anyone has the number. `claim-first`: a number, code or badge is
   * required before this face.
   */
  z.strictObject({
    kind: z.literal('other-method'),
    reason: z.enum(['unknown', 'uncertain', 'liveness', 'locked', 'blocked', 'claim-first']),
    code: Code.optional(),
  }),
  /** This visit is over (already answered); wait for the face to leave. */
  z.strictObject({ kind: z.literal('done') }),
]);
export type ProbeResult = z.infer<typeof ProbeResult>;

/** The state of a visit's colours so far; absent if they were not shown. */
const LightShown = z.union([
  /** The person opted out of the colours: only the head movements count. */
  z.literal('declined'),
  /** When each colour appeared on the screen, ms on the clock of the frame's `takenAt`. */
  z.array(z.number().nonnegative()).max(20),
]);
export type LightShown = z.infer<typeof LightShown>;

const PersonRow = z.strictObject({
  id: Id,
  name: z.string(),
  number: z.string().nullable(),
  templates: z.number().int(),
  hasPin: z.boolean(),
  cards: z.number().int(),
  enrolledAt: Instant,
});
export type PersonRow = z.infer<typeof PersonRow>;

/** A picture of an import that waits for a decision by staff. */
const ReviewItem = z.strictObject({
  id: Id,
  label: z.string(),
  /** Why a decision is needed: a QualityReason, `several-faces`, `duplicate-face`, `person-unknown`, … */
  reason: Code,
  addedAt: Instant,
  /** When it is deleted automatically. */
  until: Instant,
  people: z.array(PersonRow),
  duplicate: PersonRow.nullable(),
  /** Whether the label can serve as the name of a new person. */
  asNew: z.boolean(),
  /** Whether the importer vouches for the person's consent. Nothing can be accepted without it. */
  consent: z.boolean(),
});
export type ReviewItem = z.infer<typeof ReviewItem>;

export const CaptureResult = z.strictObject({
  accepted: z.boolean(),
  /** Why not, if not accepted: a QualityReason, or `hold-pose` if the head is not in the requested pose. */
  reason: Code.nullable(),
  pose: Code,
  /** Poses still to capture; empty when the capture is complete. */
  remaining: z.array(Code),
  /** 0..1 over all poses. */
  progress: z.number(),
});
export type CaptureResult = z.infer<typeof CaptureResult>;

/**
 * State of the camera. `ok`: frames arrive; `starting`: none has arrived yet; `off`: nobody needs it now; `replaced`: frames
 * arrive, from a camera other than the chosen one.
 */
export const CameraCondition = z.enum(['ok', 'starting', 'off', 'replaced', ...CAMERA_UNUSABLE]);
export type CameraCondition = z.infer<typeof CameraCondition>;
/** The longest camera name that is reported, in characters. */
export const MAX_LABEL = 200;

/** Two people with similar faces: the one who is already enrolled, both pictures, and whether this session may overrule. */
const DuplicateFace = z.strictObject({
  other: PersonRow,
  /** Encoded (JPEG); null if this kiosk has no picture of them. */
  theirs: z.instanceof(Uint8Array).nullable(),
  ours: z.instanceof(Uint8Array).nullable(),
  /** Whether this session may declare that they are two people. */
  mayOverrule: z.boolean(),
});
export type DuplicateFace = z.infer<typeof DuplicateFace>;

/**
 * Declares that they are two people. `typed` is the other person's number, or their name. Both are enrolled, and from then on
 * neither is identified by their face alone.
 */
const Overrule = z.strictObject({ other: Id, typed: z.string().trim().min(1).max(200) });

/** A pair of lookalikes: neither is identified by face alone. */
const LookalikeRow = z.strictObject({
  /** Only the people who are still known at this kiosk. */
  people: z.array(PersonRow).min(1).max(2),
  ids: z.tuple([Id, Id]),
  reason: LookalikeReason,
  at: Instant,
  /** Marked at this kiosk, at another one, or in the console. */
  where: z.enum(['here', 'kiosk', 'console']),
  /** Name of the member of staff who marked them; null if nobody did, or if the member is unknown here. */
  by: z.string().nullable(),
});
export type LookalikeRow = z.infer<typeof LookalikeRow>;

/**
 * Everything that is printed on a card. `text` is the content of its QR code, returned only this once. `id`: the console lists
 * the card by the end of it. Null: not listed, because the card holds the key to templates and a person has only one such card.
 */
const PrintedCard = z.strictObject({
  id: Id.nullable(),
  name: z.string(),
  number: z.string().nullable(),
  text: z.string(),
});

const staff = { token: StaffToken };
/** The camera's name in the browser. If several cameras have the same name, a number is appended from the second on. */
const CameraName = z.string().min(1).max(300);
const m = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output });

export const METHODS = {
  hello: m(empty, Hello),
  status: m(
    empty,
    z.lazy(() => Status),
  ),

  /** The screen's report about itself, sent after changes and periodically: the core has no camera. */
  screenState: m(
    z.strictObject({
      camera: CameraCondition,
      frames: z.number().int().nonnegative(),
      label: z.string().max(MAX_LABEL).optional(),
      /** Why the camera's frames are suspicious; absent if they are not. */
      doubt: z.enum(CAMERA_DOUBTS).exclude(['virtual']).optional(),
      /** Why the screen may turn dark; absent if it stays on. */
      dark: z.enum(['refused', 'unsupported']).optional(),
      /** Someone has pressed a key or touched the screen since the last report. */
      touched: z.boolean().optional(),
    }),
    empty,
  ),

  /** The screen as a JPEG without camera image and typed text, while it is watched (`Status.watched`). Answered when sent. */
  screenPicture: m(
    z.strictObject({ picture: z.instanceof(Uint8Array).refine(({ length }) => length <= MAX_PICTURE_BYTES) }),
    empty,
  ),

  /** Only during the first run (`Status.setup`); refused with `setup-over` after it. `Status.setup` also reports the outcome. */
  setupJoin: m(z.strictObject({ code: z.string().min(1).max(400), language: Language }), empty),
  /** Gives up the current attempt, to enter another code. */
  setupRetry: m(empty, empty),
  /** Only while no staff PIN is set. Refused with `pin-weak`, `staff-pin-set`. */
  setupStaffPin: m(z.strictObject({ pin: Pin }), empty),
  /** Switches to working without a server. `pin` is the staff PIN; if none is set yet, it becomes the staff PIN. */
  setupAlone: m(z.strictObject({ pin: Pin }), empty),
  /** For a kiosk whose data has been destroyed: starts it as a new kiosk. */
  setupStartOver: m(empty, empty),

  /**
   * A new face is in front of the camera. A visit ends with an answer, or when the face leaves. With a number, or the claim of a
   * code or badge, the face is compared only with that person's. The answer is the same whether nobody has the number or the face
   * is another person's. A claim that is used or expired is refused with `claim-unknown`.
   */
  visitBegin: m(
    z.strictObject({ number: Number_.optional(), claim: ClaimToken.optional() }),
    z.strictObject({ visit: Id }),
  ),
  visitEnd: m(z.strictObject({ visit: Id }), empty),
  probe: m(z.strictObject({ visit: Id, frame: FaceFrame, light: LightShown.optional() }), ProbeResult),
  /**
   * Whether the face in front is still the one that the visit answered, after it was out of view for a moment. `unclear`: show
   * another frame. Nobody is recognised by it.
   */
  visitFace: m(
    z.strictObject({ visit: Id, frame: FaceFrame }),
    z.strictObject({ face: z.enum(['same', 'another', 'unclear']) }),
  ),
  voidCheckin: m(
    z.strictObject({
      checkin: Id,
      undo: z.string().max(100),
      reason: z.enum(['not-me', 'wrong-direction', 'not-right']),
    }),
    empty,
  ),
  /** Refused with `pin-choose` if the PIN entered is a code for choosing a PIN: call `pinChoose` next. */
  checkinByPin: m(z.strictObject({ number: Number_, pin: Pin }), z.strictObject({ receipt: Receipt })),
  /** Sets the PIN that the person chose, uses up the code that staff gave them, and checks them in. */
  pinChoose: m(
    z.strictObject({ number: Number_, code: z.string().regex(/^[0-9]{12}$/), pin: Pin }),
    z.strictObject({ receipt: Receipt }),
  ),
  /**
   * Anything that was scanned: the code on the person's own page, a printed card, or a badge's bar code. Refused with
   * `code-unknown` (unassigned, revoked, of another server, or damaged: the person can't tell which), `code-expired`,
   * `code-early` (this kiosk's clock is behind), `code-used`, `badge-unknown`, `locked` (params: seconds), `face-needed` (the
   * site also requires a face, and there is none to compare), `way-not-offered`.
   */
  codeRead: m(z.strictObject({ code: z.string().min(1).max(400) }), CredentialResult),
  /** A badge's number, as typed by a reader that acts as a keyboard. Refused with the same codes as `codeRead`. */
  badgeRead: m(z.strictObject({ badge: BadgeNumber }), CredentialResult),

  /** The text the person consents to, and who to ask. */
  consentText: m(
    z.strictObject({ language: Language }),
    z.strictObject({ version: z.string(), language: Language, title: z.string(), paragraphs: z.array(z.string()) }),
  ),

  /**
   * The people the unlock screen lists. Empty: Staff is opened only by the emergency PIN. `now`: the time by which a technician's
   * code is checked.
   */
  staffMembers: m(empty, z.strictObject({ members: z.array(StaffChoice), now: Instant })),
  /**
   * Unlocks by member and PIN, by badge, or (without either) by the sealed emergency PIN, whose use is recorded and reported.
   * Refused with `pin-wrong` (whether PIN or code was wrong), `pin-locked` (params: seconds), `badge-unknown`, `staff-unknown`,
   * `staff-factor-missing`; with `staff-code-needed` for a technician without a code, and `staff-pin-choose` if the PIN has to be
   * replaced first (both with params: member, name): call again with `code` or `newPin`.
   */
  staffUnlock: m(Unlock, Unlocked),
  /** While the unlock screen is shown, for a minute: badges at the core's own reader are pushed to it, and check nobody in. */
  staffListen: m(z.strictObject({ on: z.boolean() }), empty),
  staffLock: m(z.strictObject(staff), empty),
  /** All of this kiosk's staff. Members from the server are changed in its console: `staff-of-server`. */
  staffList: m(z.strictObject(staff), z.strictObject({ staff: z.array(StaffRow) })),
  /** Actions of staff at this kiosk, newest first, as far back as it keeps its events. */
  staffLog: m(z.strictObject(staff), z.strictObject({ deeds: z.array(StaffDeed) })),
  /** Refused with `staff-exists`, `staff-badge-taken`, `staff-too-many`, `staff-without-key`, `pin-weak`. */
  staffAdd: m(z.strictObject({ ...staff, ...NewStaff.shape }), z.strictObject({ member: StaffRow })),
  /** Sets another PIN or another badge (null removes the badge). */
  staffReset: m(
    z.strictObject({ ...staff, member: Id, pin: StaffPin.optional(), badge: BadgeNumber.nullable().optional() }),
    z.strictObject({ staff: z.array(StaffRow) }),
  ),
  /** Removes a member: their PIN, badge and codes no longer open anything. */
  staffRemove: m(z.strictObject({ ...staff, member: Id }), z.strictObject({ staff: z.array(StaffRow) })),
  /** Makes a new emergency PIN, shown only this once, to be sealed in an envelope. The previous one no longer works. */
  staffSealPin: m(z.strictObject(staff), z.strictObject({ pin: z.string() })),
  enrolBegin: m(
    z
      .strictObject({
        ...staff,
        name: AnyName,
        number: Number_.nullable(),
        pin: Pin.nullable(),
        language: Language,
        consent: z.strictObject({ version: z.string().max(40), language: Language }),
        /**
         * For someone below the age of consent, with a guardian's consent. Refused with `birth-in-future`, and with `not-a-minor`
         * for anyone old enough. Their date of birth is not stored.
         */
        minor: z
          .strictObject({
            bornOn: z.iso.date(),
            guardian: Name,
            relation: z.string().trim().min(1).max(60),
          })
          .optional(),
        /**
         * Someone who is already known here: only their face is enrolled, or a new card made for it. Their record is unchanged.
         */
        person: Id.optional(),
      })
      // The name of a known person may predate the rule and is not changed.
      .refine(({ person, name }) => person !== undefined || isReadableName(name), { path: ['name'] }),
    z.strictObject({ enrolment: Id, poses: z.array(Code) }),
  ),
  enrolCapture: m(z.strictObject({ ...staff, enrolment: Id, frame: FaceFrame }), CaptureResult),
  /**
   * Fails with `duplicate-face` (params: name) if the face already belongs to someone else: `enrolDuplicate` shows who, and
   * `overrule` declares them two people. That is refused with `staff-not-allowed`, `confirmation-wrong`, and `duplicate-other` if
   * the face is not similar to that person's. If it is also similar to another's, `duplicate-face` names them next.
   */
  enrolFinish: m(
    z.strictObject({ ...staff, enrolment: Id, overrule: Overrule.optional() }),
    z.strictObject({
      person: PersonRow,
      /** Only if the site keeps templates on people's cards: without this card their face can't be used here. */
      card: PrintedCard.optional(),
    }),
  ),
  /** The person the captured face may already belong to. Rejected with `duplicate-none` if there is no one (any more). */
  enrolDuplicate: m(z.strictObject({ ...staff, enrolment: Id }), DuplicateFace),
  /** Enrols someone without a face: number and PIN only, so no consent is needed. No face data is stored. */
  enrolByNumber: m(
    z.strictObject({ ...staff, name: Name, number: Number_, pin: Pin, language: Language }),
    z.strictObject({ person: PersonRow }),
  ),
  enrolCancel: m(z.strictObject({ ...staff, enrolment: Id }), empty),
  /** At most 20 people whose name or number begins with the query; an empty query finds no one. */
  peopleFind: m(
    z.strictObject({ ...staff, query: z.string().max(100) }),
    z.strictObject({ people: z.array(PersonRow) }),
  ),
  /** People to be re-enrolled, as decided by the server; the reason is a code that the screen may not know. */
  reenrolments: m(
    z.strictObject(staff),
    z.strictObject({ people: z.array(z.strictObject({ person: PersonRow, reason: Code })) }),
  ),
  /** Number of pictures of an import that wait for a decision by staff. */
  reviewCount: m(z.strictObject(staff), z.strictObject({ count: z.number().int() })),
  /** The oldest of these pictures; `count` is the total number. The server is notified when the list is opened. */
  reviewList: m(z.strictObject(staff), z.strictObject({ photos: z.array(ReviewItem), count: z.number().int() })),
  /** The picture (JPEG), and the face that would be enrolled: left, top, width, height as fractions of the picture's size. */
  reviewShow: m(
    z.strictObject({ ...staff, photo: Id }),
    z.strictObject({
      picture: z.instanceof(Uint8Array),
      face: z.tuple([z.number(), z.number(), z.number(), z.number()]),
    }),
  ),
  /**
   * Enrols from the picture, which is then deleted: someone known here (one of `people`, or the `duplicate`), or someone new
   * (null). Refused with `review-photo-unknown`, `consent-missing`, `duplicate-face` (params: name), `another-person`,
   * `templates-on-card`; `overrule` as in `enrolFinish`.
   */
  reviewAccept: m(
    z.strictObject({ ...staff, photo: Id, person: Id.nullable(), overrule: Overrule.optional() }),
    z.strictObject({ person: PersonRow }),
  ),
  /** The person whose face a picture may already show; as `enrolDuplicate`. */
  reviewDuplicate: m(z.strictObject({ ...staff, photo: Id, person: Id.nullable() }), DuplicateFace),
  /** Deletes the picture without enrolling from it; `enrolled`: the person who was enrolled in person instead. */
  reviewRefuse: m(z.strictObject({ ...staff, photo: Id, enrolled: Id.nullable() }), empty),
  /**
   * Issues a card that admits anyone who holds it. `replace`: earlier cards are revoked, here immediately. Refused with
   * `way-not-offered`, `too-many-credentials`, `templates-on-card` (a card has to be shown with the face here, and the person's
   * face is stored on another one).
   */
  cardIssue: m(
    z.strictObject({ ...staff, person: Id, replace: z.boolean() }),
    z.strictObject({ card: PrintedCard, person: PersonRow }),
  ),
  /** Revokes every card of a person; returns how many there were. */
  cardRevoke: m(z.strictObject({ ...staff, person: Id }), z.strictObject({ revoked: z.number().int() })),
  personSetPin: m(z.strictObject({ ...staff, person: Id, pin: Pin }), empty),
  personDelete: m(z.strictObject({ ...staff, person: Id }), empty),
  /** Number of pairs of lookalikes; `unseen`: how many the kiosk marked automatically since the list was last viewed. */
  lookalikeCount: m(z.strictObject(staff), z.strictObject({ count: z.number().int(), unseen: z.number().int() })),
  lookalikeList: m(z.strictObject(staff), z.strictObject({ pairs: z.array(LookalikeRow), mayRemove: z.boolean() })),
  /** Lets both be identified by face again. Refused with `staff-not-allowed`, `lookalikes-unknown`. */
  lookalikeRemove: m(z.strictObject({ ...staff, ids: z.tuple([Id, Id]) }), empty),
  /** Checks someone in manually; the reason is encrypted to the server. */
  staffCheckin: m(
    z.strictObject({
      ...staff,
      person: Id,
      direction: z.enum(['in', 'out']),
      reason: z.string().trim().min(1).max(200),
    }),
    z.strictObject({ receipt: Receipt }),
  ),
  diagnostics: m(z.strictObject(staff), Diagnostics),
  /** Opens the door for one pulse. Fails with `door-unset`, `door-absent`, `door-failed`. */
  doorTest: m(z.strictObject(staff), empty),
  /** Sets the camera this kiosk uses from now on (`Status.camera`). */
  cameraChoose: m(z.strictObject({ ...staff, camera: CameraName.nullable() }), empty),

  /**
   * Who is inside, as this kiosk knows it. The server is notified when the list is opened. The other evacuation methods require
   * that it was opened in this session.
   */
  evacuationOpen: m(z.strictObject(staff), EvacuationList),
  evacuationList: m(z.strictObject(staff), EvacuationList),
  /** Starts an evacuation with nobody accounted for; one that is already running continues. */
  evacuationBegin: m(z.strictObject(staff), EvacuationList),
  /** Marks someone as accounted for, or as missing again; kept on this kiosk until the evacuation ends. */
  evacuationAccount: m(z.strictObject({ ...staff, person: Id, accounted: z.boolean() }), empty),
  evacuationEnd: m(z.strictObject(staff), empty),

  /** State of the printer, and of the first job after `after` (`newest` of an earlier answer). The host does the printing. */
  printing: m(z.strictObject({ ...staff, after: z.number().int().nonnegative().nullable() }), Printing),

  /** For a technician's session. `active`: the screen was touched since the last call, so the session is extended. */
  technicianState: m(z.strictObject({ ...staff, active: z.boolean() }), TechnicianState),
  /** Starts a task. Fails with `technician-not-here` (see `offers`), `technician-busy`, `machine-silent`. */
  technicianDo: m(z.strictObject({ ...staff, what: TechnicianTask }), empty),
} as const;

/**
 * How faces are currently used. `with-number`: more people are enrolled than searching among all of them was calibrated for, so a
 * number has to be entered first. `off`: face recognition could not start; the code says why, and the other methods still work.
 */
export const FaceUse = z.discriminatedUnion('use', [
  z.strictObject({ use: z.literal('alone') }),
  z.strictObject({ use: z.literal('with-number') }),
  z.strictObject({ use: z.literal('off'), code: Code, nextStep: z.string() }),
]);
export type FaceUse = z.infer<typeof FaceUse>;

/**
 * An update of the kiosk, as a screen may mention it. `waiting`: it is installed, and the kiosk restarts at `at` or later, when
 * nobody is using it. `heldSince`: since when only people at the kiosk have delayed it; null if they haven't, or not for long.
 */
export const UpdateNotice = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('preparing'), version: z.string().nullable(), progress: z.number().nullable() }),
  z.strictObject({ kind: z.literal('waiting'), version: z.string(), at: Instant, heldSince: Instant.nullable() }),
  z.strictObject({ kind: z.literal('restarting'), version: z.string() }),
]);
export type UpdateNotice = z.infer<typeof UpdateNotice>;

/** Kept by the core and pushed to every screen when it changes. */
export const Status = z.strictObject({
  online: z.boolean(),
  /** Records that the server has not acknowledged yet. */
  queued: z.number().int(),
  oldestQueuedAt: Instant.nullable(),
  lastSyncAt: Instant.nullable(),
  storage: z.enum(['ok', 'low', 'full']),
  people: z.number().int(),
  face: FaceUse,
  /** The check-in methods that this site offers and this kiosk currently supports, in the order to show them as equals. */
  checkinMethods: z.array(CheckinMethod),
  /** True if a serial reader responds: it reads codes and badges without the camera. */
  reader: z.boolean(),
  /** The server's policy may change this at any time, as well as the fields below. */
  liveness: LivenessPolicy,
  /** Age below which a guardian has to consent to an enrolment, years. */
  consentAge: z.number().int(),
  privacy: z.strictObject({
    controller: z.string(),
    contact: z.string(),
    dpo: z.string(),
    /** Days that the photo of a check-in is kept; 0 if none is taken. */
    photoDays: z.number().int(),
    /** Days that the place of a check-in is kept; 0 if this kiosk records none. */
    gpsDays: z.number().int(),
  }),
  /** Codes of lasting conditions a screen should show, e.g. `device-secret-in-file`. */
  notices: z.array(Code),
  /** Settings of this kiosk, or their defaults. They may change at any time. */
  settings: z.strictObject({
    site: z.string(),
    /** IANA time zone in which times are shown; the machine's own may differ. */
    timeZone: z.string(),
    /** The language of the first screen. */
    language: Language,
    theme: z.enum(['light', 'dark', 'auto']),
    /** Volume of sounds, percent. */
    volume: z.number().min(0).max(100),
    /** Places controls lower on the screen, also for the next person. */
    low: z.boolean(),
  }),
  /** The camera chosen for this kiosk; null if none was chosen, and the browser picks one. */
  camera: CameraName.nullable(),
  /** Only for a kiosk that has yet to be set up; null after that. */
  setup: Setup.nullable(),
  /** An update in progress; null if there is none. */
  update: UpdateNotice.nullable(),
  watched: z.boolean(),
});
export type Status = z.infer<typeof Status>;

export const SIGNALS = {
  status: Status,
  arrival: Arrival,
} as const;

export type MethodName = keyof typeof METHODS;
export type Input<M extends MethodName> = z.input<(typeof METHODS)[M]['input']>;
export type Output<M extends MethodName> = z.output<(typeof METHODS)[M]['output']>;
export type CoreMethods = {
  [M in MethodName]: (input: z.output<(typeof METHODS)[M]['input']>) => Promise<z.input<(typeof METHODS)[M]['output']>>;
};
export type CoreClient = { [M in MethodName]: (input: Input<M>) => Promise<Output<M>> };
/** Builds an object with one function per method. */
export const everyMethod = <F>(of: (method: MethodName) => F): Record<MethodName, F> =>
  Object.fromEntries((Object.keys(METHODS) as MethodName[]).map((method) => [method, of(method)])) as Record<
    MethodName,
    F
  >;
export type SignalName = keyof typeof SIGNALS;
export type Signal<S extends SignalName> = z.output<(typeof SIGNALS)[S]>;

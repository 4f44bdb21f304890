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
 * The one typed contract between a kiosk's screen and its core, whatever carries it (a MessagePort in Electron, a
 * WebSocket on loopback in the browser host). Each method takes one object and gives one object; both are parsed by
 * their schema at the boundary. Codes of quality reasons and challenges are those of models/rules/reasons.ts.
 */

const Code = z.string().regex(/^[a-z0-9-]{1,60}$/);
const Id = z.uuid();
const Language = z.string().regex(/^[a-z]{2}(-[A-Z]{2})?$/);
const Instant = z.iso.datetime({ precision: 3 });
const Name = givenName(200);
const AnyName = z.string().trim().min(1).max(200);
/** As another program may have assigned it: the server accepts any. */
const Number_ = z
  .string()
  .trim()
  .regex(/^\P{Cc}{1,40}$/u);
const Pin = z.string().regex(/^[0-9]{4,12}$/);
const StaffToken = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const empty = z.strictObject({});

/** What a screen needs to draw itself and what does not change while the core runs; asked once a connection. */
export const Hello = z.strictObject({
  version: z.string(),
  /** The commit that the build was made of, where that is known. */
  commit: z
    .string()
    .regex(/^[0-9a-f]{40}$/)
    .nullable(),
  site: z.string(),
  device: Id,
  languages: z.array(Language).min(1),
  defaultLanguage: Language,
  demo: z.boolean(),
  /** How long "not me" stays on the result, ms. */
  undoMs: z.number().int(),
});
export type Hello = z.infer<typeof Hello>;

export const Receipt = z.strictObject({
  checkin: Id,
  /** Needed to void it; lives as long as `undoMs`. */
  undo: z.string(),
  name: z.string(),
  /** The person's language on the server: any language code. Null: none was given. */
  language: z.string().min(1).max(20).nullable(),
  direction: z.enum(['in', 'out']),
  at: Instant,
  method: Method,
  liveness: z.string(),
  /** True when the same person had been checked in within the configured window: no new record was made. */
  repeated: z.boolean(),
});
export type Receipt = z.infer<typeof Receipt>;

/** Names whose face comes next without saying who it is; only for the next visit, and for a minute. */
const ClaimToken = z.string().regex(/^[A-Za-z0-9_-]{32}$/);

/** What came of a code or badge: checked in, or the face of its owner has to be shown first (`visitBegin` with the claim). */
export const CredentialResult = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('welcome'), receipt: Receipt }),
  z.strictObject({ kind: z.literal('face'), claim: ClaimToken }),
]);
export type CredentialResult = z.infer<typeof CredentialResult>;

/** The same of a reader that the core itself listens to, pushed to the screen; `code` as the methods refuse with. */
export const Arrival = z.discriminatedUnion('kind', [
  ...CredentialResult.options,
  /** Read while the unlock screen listens: to be judged by `staffUnlock`. */
  z.strictObject({ kind: z.literal('badge'), badge: BadgeNumber }),
  z.strictObject({
    kind: z.literal('refused'),
    code: Code,
    /** Of `locked`: how long. */
    seconds: z.number().int().optional(),
  }),
]);
export type Arrival = z.infer<typeof Arrival>;

export const ProbeResult = z.discriminatedUnion('kind', [
  /** Keep looking; `progress` 0..1 drives the ring. */
  z.strictObject({ kind: z.literal('more'), progress: z.number() }),
  /** The person has to change something; the code is a QualityReason. */
  z.strictObject({ kind: z.literal('guide'), reason: Code }),
  /** Liveness: what to do now, and how far it has come. */
  z.strictObject({
    kind: z.literal('challenge'),
    step: Code,
    index: z.number().int(),
    of: z.number().int(),
    progress: z.number(),
    /** The head is where it was asked to be, and is to stay there. */
    hold: z.boolean(),
    /** Colours of the screen follow, unless the person does without. */
    light: z.boolean(),
  }),
  /** Liveness: the colours to show one after the other while the face is near, each for so many ms; the last one stays. */
  z.strictObject({
    kind: z.literal('light'),
    sequence: z.array(z.strictObject({ colour: z.string().regex(/^#[0-9a-f]{6}$/), ms: z.number().positive() })),
  }),
  z.strictObject({ kind: z.literal('welcome'), receipt: Receipt }),
  /**
   * Nobody, or not sure enough, or liveness failed too often, or too many tries with this number: offer the other check-in
   * methods. Never says which person was near, nor whether anybody has the number. `claim-first`: a number, code or badge has to
   * come before this face.
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

/** What became of the colours of a visit so far; absent: they were not shown. */
const LightShown = z.union([
  /** The person does without the colours: only the moves count. */
  z.literal('declined'),
  /** When each began on the screen, ms on the clock of the frame's `takenAt`. */
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

/** A picture of an import that waits for staff's word. */
const ReviewItem = z.strictObject({
  id: Id,
  label: z.string(),
  /** Why someone has to look: a QualityReason, `several-faces`, `duplicate-face`, `person-unknown`, … */
  reason: Code,
  addedAt: Instant,
  /** When it is deleted automatically. */
  until: Instant,
  people: z.array(PersonRow),
  duplicate: PersonRow.nullable(),
  /** Whether it is named like someone who could be new here. */
  asNew: z.boolean(),
  /** Whether the importer vouches for their consent: without it nothing can be accepted. */
  consent: z.boolean(),
});
export type ReviewItem = z.infer<typeof ReviewItem>;

export const CaptureResult = z.strictObject({
  accepted: z.boolean(),
  /** Why not, when not accepted: a QualityReason, or `hold-pose` when the head is not where the pose asks. */
  reason: Code.nullable(),
  pose: Code,
  /** Poses still to do; empty when the capture is complete. */
  remaining: z.array(Code),
  /** 0..1 over all poses. */
  progress: z.number(),
});
export type CaptureResult = z.infer<typeof CaptureResult>;

/**
 * How the camera is. `ok`: pictures come; `starting`: none has come yet; `off`: nobody needs it now; `replaced`: pictures come, from
 * another camera than the chosen one.
 */
export const CameraCondition = z.enum(['ok', 'starting', 'off', 'replaced', ...CAMERA_UNUSABLE]);
export type CameraCondition = z.infer<typeof CameraCondition>;
/** Longest camera name that is reported. */
export const MAX_LABEL = 200;

/** Two people with similar faces: which of them is enrolled already, what is known of them, and both pictures. */
const DuplicateFace = z.strictObject({
  other: PersonRow,
  /** Encoded (JPEG); null: this kiosk has none of them. */
  theirs: z.instanceof(Uint8Array).nullable(),
  ours: z.instanceof(Uint8Array).nullable(),
  /** Whether this session may say that they are two people. */
  mayOverrule: z.boolean(),
});
export type DuplicateFace = z.infer<typeof DuplicateFace>;

/**
 * They are two people: `typed` is the other one's number, or their name. Both are enrolled, and from then on neither is
 * identified by their face alone.
 */
const Overrule = z.strictObject({ other: Id, typed: z.string().trim().min(1).max(200) });

/** A pair of lookalikes: neither is identified by face alone. */
const LookalikeRow = z.strictObject({
  /** Of someone who is not known here any more nothing is said. */
  people: z.array(PersonRow).min(1).max(2),
  ids: z.tuple([Id, Id]),
  reason: LookalikeReason,
  at: Instant,
  /** Marked at this kiosk, at another one, or in the console. */
  where: z.enum(['here', 'kiosk', 'console']),
  /** Name of the member of staff who did it; null: no one did, or it is unknown here. */
  by: z.string().nullable(),
});
export type LookalikeRow = z.infer<typeof LookalikeRow>;

/**
 * All that is printed on a card. `text` is what its QR code holds: given this once. `id`: the end of it is how the console lists
 * the card; null: it is not listed, since it holds the key to templates and a person has one.
 */
const PrintedCard = z.strictObject({
  id: Id.nullable(),
  name: z.string(),
  number: z.string().nullable(),
  text: z.string(),
});

const staff = { token: StaffToken };
/** As the browser calls a camera; of several of one name, from the second on, with a number behind it. */
const CameraName = z.string().min(1).max(300);
const m = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output });

export const METHODS = {
  hello: m(empty, Hello),
  status: m(
    empty,
    z.lazy(() => Status),
  ),

  /** The screen's report about itself, after changes and now and then: the core has no camera. */
  screenState: m(
    z.strictObject({
      camera: CameraCondition,
      frames: z.number().int().nonnegative(),
      label: z.string().max(MAX_LABEL).optional(),
      /** What the camera's frames say against it; absent: nothing. */
      doubt: z.enum(CAMERA_DOUBTS).exclude(['virtual']).optional(),
      /** Why the screen may go dark; absent: it stays on. */
      dark: z.enum(['refused', 'unsupported']).optional(),
      /** Someone has pressed a key or touched the screen since the last report. */
      touched: z.boolean().optional(),
    }),
    empty,
  ),

  /** What the screen shows, as a JPEG without camera and typed text, while someone watches it (`Status.watched`). Answered once it is sent. */
  screenPicture: m(
    z.strictObject({ picture: z.instanceof(Uint8Array).refine(({ length }) => length <= MAX_PICTURE_BYTES) }),
    empty,
  ),

  /**
   * The first run alone (`Status.setup`), and refused with `setup-over` after it. The outcome of the code is in
   * there.
   */
  setupJoin: m(z.strictObject({ code: z.string().min(1).max(400), language: Language }), empty),
  /** Gives up the attempt under way, to enter another code. */
  setupRetry: m(empty, empty),
  /** While none is set: `pin-weak`, `staff-pin-set`. */
  setupStaffPin: m(z.strictObject({ pin: Pin }), empty),
  /** Works without a server from now on; under the staff PIN, or with this one as it. */
  setupAlone: m(z.strictObject({ pin: Pin }), empty),
  /** Of a kiosk that holds nothing any more: it begins as a new one. */
  setupStartOver: m(empty, empty),

  /**
   * A new face is in front of the camera. A visit ends with an answer, or when the face has gone. With a number, or with the
   * claim of a code or badge, the face is compared with that person's alone; the answer is the same whether nobody has the
   * number or it is another's face. A claim that is spent or too old is refused with `claim-unknown`.
   */
  visitBegin: m(
    z.strictObject({ number: Number_.optional(), claim: ClaimToken.optional() }),
    z.strictObject({ visit: Id }),
  ),
  visitEnd: m(z.strictObject({ visit: Id }), empty),
  probe: m(z.strictObject({ visit: Id, frame: FaceFrame, light: LightShown.optional() }), ProbeResult),
  voidCheckin: m(
    z.strictObject({
      checkin: Id,
      undo: z.string().max(100),
      reason: z.enum(['not-me', 'wrong-direction', 'not-right']),
    }),
    empty,
  ),
  /** Refused with `pin-choose` where a code to choose a PIN by was typed in its place: `pinChoose` is next. */
  checkinByPin: m(z.strictObject({ number: Number_, pin: Pin }), z.strictObject({ receipt: Receipt })),
  /** Sets the PIN that the person chose, using up the code that staff gave them, and checks them in. */
  pinChoose: m(
    z.strictObject({ number: Number_, code: z.string().regex(/^[0-9]{12}$/), pin: Pin }),
    z.strictObject({ receipt: Receipt }),
  ),
  /**
   * Whatever was scanned: the code on the person's own page, a printed card, or the bar code of a badge. Refused with
   * `code-unknown` (nobody's, revoked, of another server, or damaged: the person hears no difference), `code-expired`,
   * `code-early` (this kiosk's clock is behind), `code-used`, `badge-unknown`, `locked` (params: seconds), `face-needed` (the
   * site wants a face with it, and there is none to compare), `way-not-offered`.
   */
  codeRead: m(z.strictObject({ code: z.string().min(1).max(400) }), CredentialResult),
  /** A badge's number, as a reader that plays a keyboard types it; refused as above. */
  badgeRead: m(z.strictObject({ badge: BadgeNumber }), CredentialResult),

  /** What the person agrees to, and who to ask. */
  consentText: m(
    z.strictObject({ language: Language }),
    z.strictObject({ version: z.string(), language: Language, title: z.string(), paragraphs: z.array(z.string()) }),
  ),

  /**
   * The people the unlock screen lists; none: the emergency PIN alone opens Staff. `now`: the time by which a
   * technician's code is judged.
   */
  staffMembers: m(empty, z.strictObject({ members: z.array(StaffChoice), now: Instant })),
  /**
   * By member and PIN, by badge, or (neither) by the sealed emergency PIN, whose use is recorded and reported. Refused with
   * `pin-wrong` (whichever of PIN and code was not right), `pin-locked` (params: seconds), `badge-unknown`, `staff-unknown`, `staff-factor-missing`;
   * with `staff-code-needed` for a technician without a code, and `staff-pin-choose` where the PIN has to be replaced first
   * (both with params: member, name): the same again, with `code` or `newPin`.
   */
  staffUnlock: m(Unlock, Unlocked),
  /** The unlock screen is shown: for a minute a badge at the core's own reader is pushed to it (`badge`) and is no check-in. */
  staffListen: m(z.strictObject({ on: z.boolean() }), empty),
  staffLock: m(z.strictObject(staff), empty),
  /** Everyone of this kiosk's staff. Those of the server are changed in its console: `staff-of-server`. */
  staffList: m(z.strictObject(staff), z.strictObject({ staff: z.array(StaffRow) })),
  /** What staff did here, newest first, as far back as the kiosk has its events. */
  staffLog: m(z.strictObject(staff), z.strictObject({ deeds: z.array(StaffDeed) })),
  /** Refused with `staff-exists`, `staff-badge-taken`, `staff-too-many`, `staff-without-key`, `pin-weak`. */
  staffAdd: m(z.strictObject({ ...staff, ...NewStaff.shape }), z.strictObject({ member: StaffRow })),
  /** Another PIN, or another badge (null: none). */
  staffReset: m(
    z.strictObject({ ...staff, member: Id, pin: StaffPin.optional(), badge: BadgeNumber.nullable().optional() }),
    z.strictObject({ staff: z.array(StaffRow) }),
  ),
  /** Their PIN, badge and codes open nothing any more. */
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
         * Someone below the age of consent, with a guardian's consent. Refused with `birth-in-future`, and with
         * `not-a-minor` for anyone who is old enough: their day of birth is kept nowhere.
         */
        minor: z
          .strictObject({
            bornOn: z.iso.date(),
            guardian: Name,
            relation: z.string().trim().min(1).max(60),
          })
          .optional(),
        /**
         * Someone who is here already: their face alone is enrolled, or a new card for it; their record stays as it
         * is.
         */
        person: Id.optional(),
      })
      // Theirs may be of before the rule, and stays as it is.
      .refine(({ person, name }) => person !== undefined || isReadableName(name), { path: ['name'] }),
    z.strictObject({ enrolment: Id, poses: z.array(Code) }),
  ),
  enrolCapture: m(z.strictObject({ ...staff, enrolment: Id, frame: FaceFrame }), CaptureResult),
  /**
   * Fails with code `duplicate-face` (params: name) when the face already belongs to someone else: `enrolDuplicate` shows who, and
   * with `overrule` they are two people. That is refused with `staff-not-allowed`, `confirmation-wrong`, and `duplicate-other`
   * where the face is not the one like that person's. Where it is like one more person's, `duplicate-face` names them next.
   */
  enrolFinish: m(
    z.strictObject({ ...staff, enrolment: Id, overrule: Overrule.optional() }),
    z.strictObject({
      person: PersonRow,
      /** Where the site keeps templates on the people's cards: without this one their face is of no use here. */
      card: PrintedCard.optional(),
    }),
  ),
  /** Who the captured face may already belong to. Rejected with `duplicate-none` if there is no one (any more). */
  enrolDuplicate: m(z.strictObject({ ...staff, enrolment: Id }), DuplicateFace),
  /** Someone who is enrolled without a face: number and PIN only, so no consent is needed. Nothing of a face is stored. */
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
  /** People to be re-enrolled, by the server's decision; the reason is a code that the screen may not know. */
  reenrolments: m(
    z.strictObject(staff),
    z.strictObject({ people: z.array(z.strictObject({ person: PersonRow, reason: Code })) }),
  ),
  /** Pictures of an import that wait for staff's word. */
  reviewCount: m(z.strictObject(staff), z.strictObject({ count: z.number().int() })),
  /** The oldest of them; `count` is how many there are in all. The server is notified when it is opened. */
  reviewList: m(z.strictObject(staff), z.strictObject({ photos: z.array(ReviewItem), count: z.number().int() })),
  /** The picture (JPEG), and the face that would be enrolled: left, top, width, height as shares of it. */
  reviewShow: m(
    z.strictObject({ ...staff, photo: Id }),
    z.strictObject({
      picture: z.instanceof(Uint8Array),
      face: z.tuple([z.number(), z.number(), z.number(), z.number()]),
    }),
  ),
  /**
   * Enrols from the picture, which goes: someone who is here (of `people`, or the `duplicate`), or someone new (null).
   * Refused with `review-photo-unknown`, `consent-missing`, `duplicate-face` (params: name), `another-person`,
   * `templates-on-card`; `overrule` as in `enrolFinish`.
   */
  reviewAccept: m(
    z.strictObject({ ...staff, photo: Id, person: Id.nullable(), overrule: Overrule.optional() }),
    z.strictObject({ person: PersonRow }),
  ),
  /** Who the face of a picture may belong to already; as `enrolDuplicate`. */
  reviewDuplicate: m(z.strictObject({ ...staff, photo: Id, person: Id.nullable() }), DuplicateFace),
  /** The picture goes, and nothing came of it; `enrolled`: the person who was enrolled in person instead. */
  reviewRefuse: m(z.strictObject({ ...staff, photo: Id, enrolled: Id.nullable() }), empty),
  /**
   * A card that lets in anyone who holds it. `replace`: those of before open nothing any more, here at once. Refused
   * with `way-not-offered`, `too-many-credentials`, `templates-on-card` (a face goes with a card here, and lies on
   * another one).
   */
  cardIssue: m(
    z.strictObject({ ...staff, person: Id, replace: z.boolean() }),
    z.strictObject({ card: PrintedCard, person: PersonRow }),
  ),
  /** Every card of someone opens nothing any more; how many that were. */
  cardRevoke: m(z.strictObject({ ...staff, person: Id }), z.strictObject({ revoked: z.number().int() })),
  personSetPin: m(z.strictObject({ ...staff, person: Id, pin: Pin }), empty),
  personDelete: m(z.strictObject({ ...staff, person: Id }), empty),
  /** Pairs of lookalikes, newest first; `unseen`: how many the kiosk marked automatically since they were last viewed. */
  lookalikeCount: m(z.strictObject(staff), z.strictObject({ count: z.number().int(), unseen: z.number().int() })),
  lookalikeList: m(z.strictObject(staff), z.strictObject({ pairs: z.array(LookalikeRow), mayRemove: z.boolean() })),
  /** The two are identified by their faces again. Refused with `staff-not-allowed`, `lookalikes-unknown`. */
  lookalikeRemove: m(z.strictObject({ ...staff, ids: z.tuple([Id, Id]) }), empty),
  /** Staff check someone in by hand; the reason is encrypted to the server. */
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
  /** Which camera this kiosk uses from now on (`Status.camera`). */
  cameraChoose: m(z.strictObject({ ...staff, camera: CameraName.nullable() }), empty),

  /**
   * Who is inside, as this kiosk knows it. The server is notified when it is opened; the others want it opened in
   * this session.
   */
  evacuationOpen: m(z.strictObject(staff), EvacuationList),
  evacuationList: m(z.strictObject(staff), EvacuationList),
  /** Starts an evacuation with no one accounted for; one under way continues. */
  evacuationBegin: m(z.strictObject(staff), EvacuationList),
  /** Marks someone as accounted for, or as missing again; kept on this kiosk until the evacuation ends. */
  evacuationAccount: m(z.strictObject({ ...staff, person: Id, accounted: z.boolean() }), empty),
  evacuationEnd: m(z.strictObject(staff), empty),

  /** The printer, and what became of the first job after this one (`newest` of an answer before). What is printed, the host prints. */
  printing: m(z.strictObject({ ...staff, after: z.number().int().nonnegative().nullable() }), Printing),

  /** For a technician's session. `active`: the screen was touched since it last asked, so the session continues. */
  technicianState: m(z.strictObject({ ...staff, active: z.boolean() }), TechnicianState),
  /** Begins it. Fails with `technician-not-here` (see `offers`), `technician-busy`, `machine-silent`. */
  technicianDo: m(z.strictObject({ ...staff, what: TechnicianTask }), empty),
} as const;

/**
 * How the face is used just now. `with-number`: more people are enrolled than searching among all of them was calibrated
 * for, so a number comes first. `off`: face recognition could not start; the code says why, and the other methods go on.
 */
export const FaceUse = z.discriminatedUnion('use', [
  z.strictObject({ use: z.literal('alone') }),
  z.strictObject({ use: z.literal('with-number') }),
  z.strictObject({ use: z.literal('off'), code: Code, nextStep: z.string() }),
]);
export type FaceUse = z.infer<typeof FaceUse>;

/**
 * An update of the kiosk, as a screen may say it in passing. `waiting`: it is here, and the kiosk restarts at `at` or later, when
 * nobody is there. `heldSince`: since then only people keep it from that; null: they do not, or not for long.
 */
export const UpdateNotice = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('preparing'), version: z.string().nullable(), progress: z.number().nullable() }),
  z.strictObject({ kind: z.literal('waiting'), version: z.string(), at: Instant, heldSince: Instant.nullable() }),
  z.strictObject({ kind: z.literal('restarting'), version: z.string() }),
]);
export type UpdateNotice = z.infer<typeof UpdateNotice>;

/** Kept by the core, pushed to every screen when it changes. */
export const Status = z.strictObject({
  online: z.boolean(),
  /** Records that the server has not acknowledged yet. */
  queued: z.number().int(),
  oldestQueuedAt: Instant.nullable(),
  lastSyncAt: Instant.nullable(),
  storage: z.enum(['ok', 'low', 'full']),
  people: z.number().int(),
  face: FaceUse,
  /** The check-in methods that this site offers and this kiosk can do now, in the order to show them as equals. */
  checkinMethods: z.array(CheckinMethod),
  /** A serial reader answers: it reads codes and badges without the camera. */
  reader: z.boolean(),
  /** The server's policy may change it at any time, and what follows too. */
  liveness: LivenessPolicy,
  /** Below it a guardian agrees to an enrolment, years. */
  consentAge: z.number().int(),
  privacy: z.strictObject({
    controller: z.string(),
    contact: z.string(),
    dpo: z.string(),
    /** Days that the photo of a check-in is kept; 0: none is taken. */
    photoDays: z.number().int(),
    /** The same for the place of a check-in; 0: this kiosk takes none. */
    gpsDays: z.number().int(),
  }),
  /** Codes of standing conditions a screen should show, e.g. `device-secret-in-file`. */
  notices: z.array(Code),
  /** Settings of this kiosk, or their defaults: may change at any time. */
  settings: z.strictObject({
    site: z.string(),
    /** IANA zone that times are shown in: the machine's own may be another. */
    timeZone: z.string(),
    /** The language it greets in. */
    language: Language,
    theme: z.enum(['light', 'dark', 'auto']),
    /** Of sounds, percent. */
    volume: z.number().min(0).max(100),
    /** Controls lower on the screen, also for the next guest. */
    low: z.boolean(),
  }),
  /** The camera that was chosen for this kiosk; null: none was, and the browser takes one. */
  camera: CameraName.nullable(),
  /** Of a kiosk that has yet to be set up; null after that. */
  setup: Setup.nullable(),
  /** An update that is under way; null: none is. */
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
/** An object with a function for each method. */
export const everyMethod = <F>(of: (method: MethodName) => F): Record<MethodName, F> =>
  Object.fromEntries((Object.keys(METHODS) as MethodName[]).map((method) => [method, of(method)])) as Record<
    MethodName,
    F
  >;
export type SignalName = keyof typeof SIGNALS;
export type Signal<S extends SignalName> = z.output<(typeof SIGNALS)[S]>;

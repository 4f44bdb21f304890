import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';

/** `/api/people/:person/enrolment`: templates made on the server from a photo or a camera's pictures. */

export const MAX_PICTURES = 6;
/** Base64 of at most 4 MiB. */
const Picture = z.base64().max(Math.ceil((4 * 1024 * 1024 * 4) / 3) + 4);

const Pose = z.enum(['front', 'left', 'right']);

/** Photos taken elsewhere are judged more leniently than a camera in front of the person. */
const Source = z.enum(['camera', 'photo']);

/** Whether a picture can be used. */
export const PictureVerdict = z.strictObject({
  /** Null: good enough; otherwise the first thing to fix, e.g. `too-dark`, `several-faces`. */
  code: z.string().nullable(),
  pose: Pose.nullable(),
  /** Degrees that the head is turned to the person's own left; null: no face found. */
  yaw: z.number().nullable(),
});
export type PictureVerdict = z.infer<typeof PictureVerdict>;

/** The other person's number or name, typed by someone who has compared both. */
const Typed = z.string().trim().min(1).max(200);

export const NewEnrolment = z.strictObject({
  pictures: z.array(Picture).min(1).max(MAX_PICTURES),
  source: Source,
  /**
   * What to do if the face is like someone else's. `ask`: store nothing, and return who it is. `wait`: keep the pictures until an
   * administrator decides. `overrule`: an administrator has typed the other's number or name and says that they are two people.
   */
  duplicate: z
    .discriminatedUnion('what', [
      z.strictObject({ what: z.literal('ask') }),
      z.strictObject({ what: z.literal('wait') }),
      z.strictObject({ what: z.literal('overrule'), other: Uuid, typed: Typed }),
    ])
    .default({ what: 'ask' }),
});
export type NewEnrolment = z.infer<typeof NewEnrolment>;

/** An enrolled person whose face is like a new one. */
export const DuplicateOf = z.strictObject({
  person: Uuid,
  name: z.string().nullable(),
  number: z.string().nullable(),
  /** When their first template was made; null: none is left. */
  enrolledAt: Instant.nullable(),
  /** Whether a picture of their enrolment exists (`/api/people/:person/picture`). */
  hasPicture: z.boolean(),
  score: z.number(),
});
export type DuplicateOf = z.infer<typeof DuplicateOf>;

export const EnrolmentAnswer = z.strictObject({
  /**
   * `duplicate`: the face is like someone else's, and nothing was stored. `waiting`: it is, and an administrator decides.
   * `refused`: no picture is good enough.
   */
  outcome: z.enum(['enrolled', 'duplicate', 'waiting', 'refused']),
  pictures: z.array(PictureVerdict),
  /** Only for staff. */
  duplicates: z.array(DuplicateOf),
  /** Number of templates the person now has. */
  templates: z.number().int(),
});
export type EnrolmentAnswer = z.infer<typeof EnrolmentAnswer>;

/** An enrolment on hold for an administrator because the face is like someone else's. */
export const EnrolmentCase = z.strictObject({
  id: Uuid,
  person: z.strictObject({ id: Uuid, name: z.string().nullable(), number: z.string().nullable() }),
  /** Null: they have been erased since, so nothing prevents the enrolment any more. */
  other: DuplicateOf.nullable(),
  source: z.enum(['camera', 'photo']),
  madeAt: Instant,
  /** When it is deleted automatically. */
  until: Instant,
});
export type EnrolmentCase = z.infer<typeof EnrolmentCase>;

/** Confirms that they are two people. `typed`: the other's number or name; null if the other no longer exists. */
export const AcceptCase = z.strictObject({ typed: Typed.nullable() });

export const judgePicture = endpoint('POST /api/enrolment/judge', {
  summary: 'Check a picture’s quality: returns the first thing to fix, or nothing. The picture isn’t kept',
  roles: ['admin', 'staff'],
  data: [],
  action: 'read',
  body: z.strictObject({ picture: Picture, source: Source }),
  maxBody: 6 * 1024 * 1024,
  answer: PictureVerdict,
  errors: ['models-missing', 'models-altered'],
  limit: { max: 240, perMs: 60_000 },
});

export const enrolPerson = endpoint('POST /api/people/:person/enrolment', {
  summary:
    'Enrol a person’s face from pictures, under their consent. A face like someone else’s is reported, and enrolled only if an administrator confirms it',
  roles: ['admin', 'staff'],
  data: ['template', 'photo', 'person.name'],
  body: NewEnrolment,
  maxBody: 36 * 1024 * 1024,
  answer: EnrolmentAnswer,
  errors: [
    'erasure-requested',
    'consent-missing',
    'consent-outdated',
    'own-consent-required',
    'faces-off',
    'templates-on-card',
    'duplicate-needs-admin',
    'confirmation-wrong',
    'models-missing',
    'models-altered',
  ],
  limit: { max: 60, perMs: 60_000 },
});

export const getPersonPicture = endpoint('GET /api/people/:person/picture', {
  summary: 'Get a person’s newest enrolment picture',
  roles: ['admin', 'staff'],
  data: ['photo'],
  action: 'decrypt',
  answer: 'file',
  errors: ['picture-unknown'],
});

export const getEnrolmentCase = endpoint('GET /api/enrolment/waiting/:case', {
  summary: 'Show an enrolment on hold because the face is like someone else’s',
  roles: ['admin', 'staff'],
  data: ['person.name'],
  answer: EnrolmentCase,
});

export const getCasePicture = endpoint('GET /api/enrolment/waiting/:case/picture', {
  summary: 'Get the face of an enrolment on hold',
  roles: ['admin', 'staff'],
  data: ['photo'],
  action: 'decrypt',
  answer: 'file',
});

export const acceptCase = endpoint('POST /api/enrolment/waiting/:case/accept', {
  summary:
    'Confirm that they are two people: both are enrolled, and neither is recognised by face alone any more. If the face is also like a third person’s, the case then names that person',
  roles: ['admin'],
  data: ['template', 'photo', 'person.name'],
  body: AcceptCase,
  errors: [
    'confirmation-wrong',
    'person-unknown',
    'erasure-requested',
    'consent-missing',
    'consent-outdated',
    'own-consent-required',
    'faces-off',
    'templates-on-card',
    'another-lookalike',
    'embedder-changed',
    'models-missing',
    'models-altered',
  ],
});

export const refuseCase = endpoint('POST /api/enrolment/waiting/:case/refuse', {
  summary: 'Reject an enrolment on hold; its pictures are deleted and no one is enrolled',
  roles: ['admin'],
  data: ['photo'],
});

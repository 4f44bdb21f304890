import { z } from 'zod';
import { Uuid } from '../wire/event.ts';

/** `/api/people/:person/enrolment`: templates made on the server, out of a photo or of a camera's pictures. */

/** Most pictures of one enrolment. */
export const MAX_PICTURES = 6;
/** Base64 of at most 4 MiB. */
const Picture = z.base64().max(Math.ceil((4 * 1024 * 1024 * 4) / 3) + 4);

const Pose = z.enum(['front', 'left', 'right']);

/** What one picture is good for. */
export const PictureVerdict = z.strictObject({
  /** Null: good enough; else the first thing to mend, e.g. `too-dark`, `several-faces`. */
  code: z.string().nullable(),
  pose: Pose.nullable(),
  /** Degrees, the head's turn to the person's own left; null: no face was found. */
  yaw: z.number().nullable(),
});
export type PictureVerdict = z.infer<typeof PictureVerdict>;

export const JudgePicture = z.strictObject({ picture: Picture });

export const NewEnrolment = z.strictObject({
  pictures: z.array(Picture).min(1).max(MAX_PICTURES),
  /** Photos that somebody took elsewhere are judged more leniently than a camera in front of the person. */
  source: z.enum(['camera', 'photo']),
  /** Somebody whose face is like it, who was looked at, and is somebody else. */
  notDuplicateOf: z.array(Uuid).max(5).default([]),
});
export type NewEnrolment = z.infer<typeof NewEnrolment>;

export const EnrolmentAnswer = z.strictObject({
  /** `duplicate`: the face is like somebody's; nothing was kept. `refused`: no picture is good enough. */
  outcome: z.enum(['enrolled', 'duplicate', 'refused']),
  pictures: z.array(PictureVerdict),
  /** To staff alone. */
  duplicates: z.array(z.strictObject({ person: Uuid, name: z.string().nullable(), score: z.number() })),
  /** How many templates the person has now. */
  templates: z.number().int(),
});
export type EnrolmentAnswer = z.infer<typeof EnrolmentAnswer>;

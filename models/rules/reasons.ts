/**
 * Why a face can't be used yet, in the order in which a screen asks for them to be fixed: one at a time, the first that applies.
 * Every code has a sentence in each language of the kiosk.
 */
export const QUALITY_REASONS = [
  'no-face',
  'covered',
  'several-faces',
  'too-far',
  'too-close',
  'off-centre',
  'backlit',
  'too-dark',
  'too-bright',
  'low-contrast',
  'turned',
  'tilted',
  'blurred',
  'occluded',
] as const;
export type QualityReason = (typeof QUALITY_REASONS)[number];

/** Poses requested at enrolment, in order. Left and right are the person's own. */
export const ENROLMENT_POSES = ['front', 'left', 'right', 'front-again'] as const;
export type EnrolmentPose = (typeof ENROLMENT_POSES)[number];

/** Steps of a liveness challenge; left and right are the person's own. `middle`: look straight ahead. */
export const CHALLENGE_STEPS = ['middle', 'turn-left', 'turn-right', 'look-up', 'look-down'] as const;
export type ChallengeStep = (typeof CHALLENGE_STEPS)[number];

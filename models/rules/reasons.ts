/**
 * Why a face cannot be used yet, in the order in which a screen should ask for them to be fixed: one at a time, the
 * first that applies. Every code has a sentence in each language of the kiosk.
 */
export const QUALITY_REASONS = [
  'no-face',
  'covered',
  'several-faces',
  'too-far',
  'too-close',
  'off-centre',
  'too-dark',
  'too-bright',
  'low-contrast',
  'turned',
  'tilted',
  'blurred',
  'occluded',
] as const;
export type QualityReason = (typeof QUALITY_REASONS)[number];

/** Poses an enrolment asks for, in order. The person's own left and right. */
export const ENROLMENT_POSES = ['front', 'left', 'right', 'front-again'] as const;
export type EnrolmentPose = (typeof ENROLMENT_POSES)[number];

/** What a liveness challenge can ask for. Every challenge has a head turn; the others never suffice alone. */
export const CHALLENGE_STEPS = ['turn-left', 'turn-right', 'blink', 'closer'] as const;
export type ChallengeStep = (typeof CHALLENGE_STEPS)[number];

import { z } from 'zod';

/** Body of `POST /api/session`: the one-time token of an admin link (32 random bytes, base64url). */
export const SessionRequest = z.strictObject({ token: z.string().regex(/^[A-Za-z0-9_-]{43}$/) });

/** Every error of the API: RFC 9457 problem+json with our code and next step. */
export const ProblemBody = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string(),
  nextStep: z.string(),
});
export type ProblemBody = z.infer<typeof ProblemBody>;

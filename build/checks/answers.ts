import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/*
 * Findings of a check that someone has reviewed: one JSON file per check, beside this one. An answer is a sentence that
 * says why the finding is acceptable. Answers that no longer match a finding are reported, so that the files stay short.
 */

const Reason = z.string().min(20, 'an answer is a sentence');

export const LicenceAnswers = z.array(z.strictObject({ package: z.string(), licence: z.string(), answer: Reason }));
export type LicenceAnswer = z.infer<typeof LicenceAnswers>[number];

export const SecretAnswers = z.array(
  z.strictObject({
    pattern: z.string(),
    /** A file, or a folder that ends in a slash. */
    path: z.string(),
    /** First 16 hex digits of the match's SHA-256. If absent, the answer covers every match of this pattern in this path. */
    sha256: z
      .string()
      .regex(/^[0-9a-f]{16}$/)
      .optional(),
    answer: Reason,
  }),
);
export type SecretAnswer = z.infer<typeof SecretAnswers>[number];

export const AuditAnswers = z.array(
  z.strictObject({
    /** `GHSA-…`, or npm's own number. */
    advisory: z.string(),
    package: z.string(),
    answer: Reason,
    /** Date by which the answer must be reviewed. An expired answer doesn't count. */
    until: z.iso.date(),
  }),
);
export type AuditAnswer = z.infer<typeof AuditAnswers>[number];

export function readAnswers<T extends z.ZodType>(schema: T, name: string): z.output<T> {
  return schema.parse(JSON.parse(readFileSync(join(import.meta.dirname, `${name}-answers.json`), 'utf8')));
}

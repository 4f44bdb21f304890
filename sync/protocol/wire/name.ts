import { z } from 'zod';

/** Names of people, places and things as people enter them. Pure. */

/** Any visible character: not controls, joiners, direction marks, spaces, combining marks, fillers or the empty Braille cell. */
const SEEN = /[^\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}\u2800]/u;
/** Never allowed: control characters (including line breaks), line and paragraph separators, and unpaired surrogates. */
const NEVER = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

/**
 * Returns whether lists, badges and roll calls can show a name: it has a visible character and is a single line. Joiners in emoji
 * and direction marks between letters are allowed.
 */
export const isReadableName = (name: string): boolean => SEEN.test(name) && !NEVER.test(name);

/**
 * A name being entered. Don't use it for existing names in kiosk events (they would be quarantined) or in answers.
 *
 * @param most characters
 */
export const givenName = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .refine(isReadableName, { params: { problem: 'name-unreadable' } });

/** Returns whether an issue is about an unreadable name. */
export const isUnreadableName = (issue: z.core.$ZodIssue): boolean =>
  issue.code === 'custom' && issue.params?.problem === 'name-unreadable';

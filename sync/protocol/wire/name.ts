import { z } from 'zod';

/** Names of people, places and things, as people enter them. Pure. */

/** Of these nothing is seen: what steers, joins, or turns the writing; spaces; fillers and the empty Braille cell. */
const SEEN = /[^\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}\u2800]/u;
/** Control characters, line breaks among them, the two separators of lines and paragraphs, and halves of a surrogate pair. */
const NEVER = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

/**
 * Whether a list, a badge or a roll call can show it: something of it is seen, and it is one line. What joins emoji or turns
 * the writing between letters is part of names.
 */
export const isReadableName = (name: string): boolean => SEEN.test(name) && !NEVER.test(name);

/**
 * A name that is being given. What came to be before is never refused by it: events of kiosks, which would be put aside,
 * and answers.
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

/** Whether an issue is about a name that can't be read. */
export const isUnreadableName = (issue: z.core.$ZodIssue): boolean =>
  issue.code === 'custom' && issue.params?.problem === 'name-unreadable';

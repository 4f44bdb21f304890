import { embedding } from './samples.ts';

/** Plaintext values to search for where there must be none. */
export const MARKS = {
  name: 'Xenophon Plaintextovsky',
  number: 'NUM-77120345',
  photo: Buffer.from('JPEG-PIXELS-IN-THE-CLEAR'),
  pin: '$argon2id$in-the-clear',
  /** The start of every template made by aPerson(). */
  vector: Buffer.from(embedding().buffer, 0, 64),
};

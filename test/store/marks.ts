import { embedding } from './samples.ts';

/** Values in the clear, to look for where there must be none. */
export const MARKS = {
  name: 'Xenophon Plaintextovsky',
  number: 'NUM-77120345',
  photo: Buffer.from('JPEG-PIXELS-IN-THE-CLEAR'),
  pin: '$argon2id$in-the-clear',
  /** Of every template that aPerson() has. */
  vector: Buffer.from(embedding().buffer, 0, 64),
};

import { describe, expect, test } from 'vitest';
import { newSealingKey, publicHalf } from '../../../sync/protocol/seal/keys.ts';
import { afterAnswer, LEAST_MS, type Mark, MOST_MS, NO_SPARE, readSpareKeys, type SpareKeys } from './spare-keys.ts';

const DAY = 86_400_000;
const START = Date.UTC(2027, 0, 1);
const spare: SpareKeys = {
  tls: { keyPem: 'key', certPem: 'certificate', answered: null },
  sealing: { key: publicHalf(newSealingKey()), answered: null },
};
const mark = (made: number, safe: number, epoch = 'a'): Mark => ({ epoch, made, safe });

describe('keys from before a renewal or succession', () => {
  test('are kept for a day, and until a backup has an event made after the first answer', () => {
    const heard = afterAnswer(spare, START, [mark(7, 7)]);
    expect(heard.tls?.answered).toEqual({ at: START, epoch: 'a', made: 7 });
    // Within the day nothing changes, whatever is backed up: the same object, so nothing is written.
    expect(afterAnswer(heard, START + LEAST_MS - 1, [mark(9, 9)])).toBe(heard);
    // A backup without a later event may be older than the keys.
    expect(afterAnswer(heard, START + 5 * DAY, [mark(9, 7)])).toBe(heard);
    expect(afterAnswer(heard, START + 5 * DAY, [mark(9, 8)])).toEqual(NO_SPARE);
  });

  test('a later epoch also proves a backup, and so does one that was trimmed', () => {
    const heard = afterAnswer(spare, START, [mark(2, 2, 'old'), mark(7, 0)]);
    const later = START + 2 * DAY;
    expect(afterAnswer(heard, later, [mark(3, 3, 'old'), mark(7, 7), mark(4, 0, 'b')])).toBe(heard);
    expect(afterAnswer(heard, later, [mark(7, 7), mark(4, 1, 'b')])).toEqual(NO_SPARE);
    expect(afterAnswer(heard, later, [mark(4, 1, 'b')])).toEqual(NO_SPARE);
  });

  test('are deleted after thirty days if no backup is reported', () => {
    const heard = afterAnswer(spare, START, [mark(7, 0)]);
    expect(afterAnswer(heard, START + MOST_MS - 1, [mark(900, 0)])).toBe(heard);
    expect(afterAnswer(heard, START + MOST_MS, [mark(900, 0)])).toEqual(NO_SPARE);
  });

  test('start over with an answer that precedes the first: trusted time was corrected', () => {
    const ahead = afterAnswer(spare, START + 400 * DAY, [mark(7, 0)]);
    const right = afterAnswer(ahead, START, [mark(8, 0)]);
    expect(right.sealing?.answered).toEqual({ at: START, epoch: 'a', made: 8 });
  });

  test.each(['', '{', '{"tls":1}'])('that can’t be read (%j) count as none', (text) => {
    expect(readSpareKeys({ settings: { get: () => text } })).toEqual(NO_SPARE);
  });
});

import { expect, test } from 'vitest';
import { createWedge, type KeyPress, READER_GAP_MS } from './wedge.ts';

/** Types `text` and Enter with `gap` ms between the keys, and returns the verdicts. */
function typed(text: string, gap: number, change: Partial<KeyPress> = {}, wedge = createWedge()) {
  return [...text, 'Enter'].map((key, i) =>
    wedge({ key, at: 1_000 + i * gap, chord: false, inForm: false, ...change }),
  );
}

test('keys as fast as a reader’s and an Enter are a badge, and only the first key reaches the page', () => {
  for (const gap of [0, 5, 20, READER_GAP_MS]) {
    const verdicts = typed('0004711815', gap);
    expect(verdicts.at(-1)).toEqual({ kind: 'read', text: '0004711815' });
    expect(verdicts.slice(1, -1).every((v) => v.kind === 'take')).toBe(true);
  }
});

test('a person’s typing is left alone, however long', () => {
  for (const gap of [READER_GAP_MS + 1, 90, 400])
    expect(typed('0004711815', gap).every((v) => v.kind === 'pass')).toBe(true);
});

test('a late Enter, or one after too few keys, presses the focused element', () => {
  const wedge = createWedge();
  for (const [i, key] of [...'12345'].entries()) wedge({ key, at: i * 10, chord: false, inForm: false });
  expect(wedge({ key: 'Enter', at: 900, chord: false, inForm: false })).toEqual({ kind: 'pass' });
  expect(typed('123', 10).at(-1)).toEqual({ kind: 'pass' });
});

test('keys in a form or a shortcut are left alone and not carried over', () => {
  expect(typed('0004711815', 10, { inForm: true }).every((v) => v.kind === 'pass')).toBe(true);
  expect(typed('0004711815', 10, { chord: true }).every((v) => v.kind === 'pass')).toBe(true);
  const wedge = createWedge();
  typed('1001', 10, { inForm: true }, wedge);
  expect(wedge({ key: 'Enter', at: 1_050, chord: false, inForm: false })).toEqual({ kind: 'pass' });
});

test('capitals typed with Shift are read, and a key pressed long before is not part of the badge', () => {
  const wedge = createWedge();
  wedge({ key: 'x', at: 0, chord: false, inForm: false });
  let at = 2_000;
  for (const key of ['Shift', 'A', 'b', ':', '9']) {
    at += 8;
    wedge({ key, at, chord: false, inForm: false });
  }
  expect(wedge({ key: 'Enter', at: at + 8, chord: false, inForm: false })).toEqual({ kind: 'read', text: 'Ab:9' });
});

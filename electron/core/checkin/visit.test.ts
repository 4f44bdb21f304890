import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Look, look, NEW_VISIT, VISIT_RULES, type VisitAnswer } from './visit.ts';

const A: Look = { kind: 'accept', person: 'a' };
const B: Look = { kind: 'accept', person: 'b' };
const UNKNOWN: Look = { kind: 'unknown' };
const UNCERTAIN: Look = { kind: 'uncertain' };

function run(looks: readonly Look[]): VisitAnswer[] {
  let state = NEW_VISIT;
  return looks.map((what) => {
    const step = look(state, what);
    state = step.state;
    return step.answer;
  });
}

test('one look alone recognises nobody', () => {
  expect(run([A])[0]?.kind).toBe('more');
});

test('two looks in a row that agree recognise the person', () => {
  expect(run([A, A]).at(-1)).toEqual({ kind: 'recognised', person: 'a' });
});

test('looks that disagree start again', () => {
  expect(run([A, B, A, B]).every((answer) => answer.kind === 'more')).toBe(true);
});

test('a look without a match breaks an agreement', () => {
  expect(run([A, UNKNOWN, A]).at(-1)?.kind).toBe('more');
});

test('an unknown face is offered the other ways after a bounded number of looks', () => {
  expect(run(Array(VISIT_RULES.misses).fill(UNKNOWN)).at(-1)).toEqual({ kind: 'other-way', reason: 'unknown' });
});

test('one uncertain look among the misses makes the answer uncertain', () => {
  const looks = [UNCERTAIN, ...Array(VISIT_RULES.misses - 1).fill(UNKNOWN)];
  expect(run(looks).at(-1)).toEqual({ kind: 'other-way', reason: 'uncertain' });
});

test('every visit ends within the bound, and never recognises somebody two looks did not agree on', () => {
  const anyLook = fc.constantFrom(A, B, UNKNOWN, UNCERTAIN);
  fc.assert(
    fc.property(fc.array(anyLook, { minLength: VISIT_RULES.looks, maxLength: VISIT_RULES.looks }), (looks) => {
      const answers = run(looks);
      const end = answers.findIndex((answer) => answer.kind !== 'more');
      expect(end).toBeGreaterThanOrEqual(0);
      const answer = answers[end]!;
      if (answer.kind === 'recognised') {
        expect(looks.slice(end - 1, end + 1)).toEqual(Array(2).fill({ kind: 'accept', person: answer.person }));
      }
    }),
  );
});

test('a stranger has six looks and anybody fourteen: more would be further chances of a false match', () => {
  expect(VISIT_RULES).toEqual({ agree: 2, misses: 6, looks: 14 });
  const looks = Array.from({ length: 14 }, (_, i) => (i % 2 ? B : A));
  expect(run(looks).map((answer) => answer.kind)).toEqual([...Array(13).fill('more'), 'other-way']);
});

test('progress grows with what agrees and with what does not, and is never whole before the answer', () => {
  expect(run([A])).toEqual([{ kind: 'more', progress: 0.5 }]);
  expect(run([UNKNOWN, UNKNOWN, UNKNOWN]).at(-1)).toEqual({ kind: 'more', progress: 0.5 });
  const step = look({ ...NEW_VISIT, misses: 29 }, UNKNOWN, { agree: 2, misses: 31, looks: 99 });
  expect(step.answer).toEqual({ kind: 'more', progress: 0.9 });
});

test('two looks that are like one of a pair ask for the number first, whichever of the two each was like', () => {
  const paired: Look = { kind: 'claim-first' };
  expect(run([paired])[0]?.kind).toBe('more');
  expect(run([paired, paired]).at(-1)).toEqual({ kind: 'other-way', reason: 'claim-first' });
  // Not counted as a miss, and never as an agreement with somebody else.
  expect(run([A, paired, A]).at(-1)?.kind).toBe('more');
});

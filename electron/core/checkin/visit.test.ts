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

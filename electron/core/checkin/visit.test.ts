import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NEW_VISIT, nextVisit, type Sample, VISIT_RULES, type VisitAnswer } from './visit.ts';

const A: Sample = { kind: 'accept', person: 'a' };
const B: Sample = { kind: 'accept', person: 'b' };
const UNKNOWN: Sample = { kind: 'unknown' };
const UNCERTAIN: Sample = { kind: 'uncertain' };

function run(samples: readonly Sample[]): VisitAnswer[] {
  let state = NEW_VISIT;
  return samples.map((what) => {
    const step = nextVisit(state, what);
    state = step.state;
    return step.answer;
  });
}

test('one sample alone recognises nobody', () => {
  expect(run([A])[0]?.kind).toBe('more');
});

test('two samples in a row that agree recognise the person', () => {
  expect(run([A, A]).at(-1)).toEqual({ kind: 'recognised', person: 'a' });
});

test('samples that disagree start over', () => {
  expect(run([A, B, A, B]).every((answer) => answer.kind === 'more')).toBe(true);
});

test('a sample without a match breaks an agreement', () => {
  expect(run([A, UNKNOWN, A]).at(-1)?.kind).toBe('more');
});

test('an unknown face is offered the other methods after a bounded number of samples', () => {
  expect(run(Array(VISIT_RULES.misses).fill(UNKNOWN)).at(-1)).toEqual({ kind: 'other-method', reason: 'unknown' });
});

test('one uncertain sample among the misses makes the answer uncertain', () => {
  const samples = [UNCERTAIN, ...Array(VISIT_RULES.misses - 1).fill(UNKNOWN)];
  expect(run(samples).at(-1)).toEqual({ kind: 'other-method', reason: 'uncertain' });
});

test('every visit ends within the bound, and never recognises someone two samples did not agree on', () => {
  const anySample = fc.constantFrom(A, B, UNKNOWN, UNCERTAIN);
  fc.assert(
    fc.property(fc.array(anySample, { minLength: VISIT_RULES.samples, maxLength: VISIT_RULES.samples }), (samples) => {
      const answers = run(samples);
      const end = answers.findIndex((answer) => answer.kind !== 'more');
      expect(end).toBeGreaterThanOrEqual(0);
      const answer = answers[end]!;
      if (answer.kind === 'recognised') {
        expect(samples.slice(end - 1, end + 1)).toEqual(Array(2).fill({ kind: 'accept', person: answer.person }));
      }
    }),
  );
});

test('a stranger gets six samples and anyone fourteen: more would be further chances of a false match', () => {
  expect(VISIT_RULES).toEqual({ agree: 2, misses: 6, samples: 14 });
  const samples = Array.from({ length: 14 }, (_, i) => (i % 2 ? B : A));
  expect(run(samples).map((answer) => answer.kind)).toEqual([...Array(13).fill('more'), 'other-method']);
});

test('progress grows with agreeing samples and with misses, and is never complete before the answer', () => {
  expect(run([A])).toEqual([{ kind: 'more', progress: 0.5 }]);
  expect(run([UNKNOWN, UNKNOWN, UNKNOWN]).at(-1)).toEqual({ kind: 'more', progress: 0.5 });
  const step = nextVisit({ ...NEW_VISIT, misses: 29 }, UNKNOWN, { agree: 2, misses: 31, samples: 99 });
  expect(step.answer).toEqual({ kind: 'more', progress: 0.9 });
});

test('two samples similar to either of a pair require the number first', () => {
  const paired: Sample = { kind: 'claim-first' };
  expect(run([paired])[0]?.kind).toBe('more');
  expect(run([paired, paired]).at(-1)).toEqual({ kind: 'other-method', reason: 'claim-first' });
  // Not counted as a miss, and never as an agreement with someone else.
  expect(run([A, paired, A]).at(-1)?.kind).toBe('more');
});

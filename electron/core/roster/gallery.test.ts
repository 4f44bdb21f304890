import { expect, onTestFinished, test, vi } from 'vitest';
import { ExactGallery } from '../../../models/node/gallery/gallery.ts';
import type { FacePipeline } from '../../../models/node/interface.ts';
import { meanOf } from '../../../models/rules/cosine.ts';
import { FR_FEATURE } from '../../../models/rules/decision.ts';
import { createRecogniser, knowEverybody } from '../checkin/recogniser.ts';
import type { Person, Template } from '../store/interface.ts';
import { followRoster } from './gallery.ts';

const SITE = { targetFpir: 0.001, calibratedPeople: 40_000 };
const unit = (at: number) => Float32Array.from({ length: 512 }, (_, i) => (i === at ? 1 : 0));
const template = (id: string, embedding: Float32Array): Template => ({
  id,
  person: `person of ${id}`,
  model: 'm',
  pose: 'front',
  embedding,
});
/** What a broken or stolen kiosk may have sent to everyone through the server. */
const GARBAGE = [
  template(
    'long',
    unit(1).map((v) => v * 3),
  ),
  template('nothing', new Float32Array(512)),
  template('infinite', unit(2).fill(Number.POSITIVE_INFINITY)),
  template('none', unit(3).fill(Number.NaN)),
  template('short', new Float32Array(8)),
];
const WHOLE = [template('ada', unit(4)), template('ben', unit(5))];

const recogniserOf = () =>
  createRecogniser({ model: 'm', length: 512, calibration: FR_FEATURE } as FacePipeline, new ExactGallery(), SITE);
const storeOf = (all: readonly Template[]) => ({
  people: { all: () => [...new Set(all.map(({ person }) => person))].map((id) => ({ id }) as Person) },
  templates: { of: (person: string) => all.filter((one) => one.person === person) },
});

/** Replaces `performance.now` in this test, ms. */
function ownClock(): { ms: number } {
  const clock = { ms: 0 };
  vi.spyOn(performance, 'now').mockImplementation(() => clock.ms);
  onTestFinished(() => void vi.restoreAllMocks());
  return clock;
}

test('a stored template that is not a valid embedding is left out, and everyone else is recognised', async () => {
  const recogniser = recogniserOf();
  expect(await knowEverybody(recogniser, storeOf([WHOLE[0]!, ...GARBAGE, WHOLE[1]!]))).toBe(GARBAGE.length);
  expect(recogniser.gallery).toMatchObject({ people: 2, templates: 2 });
  expect(recogniser.search(unit(5)).match.best?.person).toBe('person of ben');
});

test('a person deleted or re-enrolled while the gallery is filled is in it as the store has them', async () => {
  const recogniser = recogniserOf();
  const clock = ownClock();
  let all = [...WHOLE, template('cleo', unit(6))];
  const store = {
    people: { all: () => storeOf(WHOLE.concat(template('cleo', unit(6)))).people.all() },
    templates: {
      of(person: string) {
        // Longer than one piece: other work gets a turn after each.
        clock.ms += 25;
        return storeOf(all).templates.of(person);
      },
    },
  };
  const filled = knowEverybody(recogniser, store);
  all = [{ ...WHOLE[1]!, embedding: unit(8) }, template('cleo', unit(6))];
  followRoster(recogniser, storeOf(all), { removedPeople: ['person of ada'], faces: ['person of ben'] });
  await filled;
  expect(recogniser.gallery.people).toBe(2);
  expect(recogniser.verify(unit(4), 'person of ada').score).toBeNull();
  expect(recogniser.verify(unit(8), 'person of ben').score).toBeCloseTo(1, 6);
});

test('a gallery left half filled rejects: nobody may be searched for among only some of the people', async () => {
  const closing = new AbortController();
  const clock = ownClock();
  const recogniser = recogniserOf();
  const store = storeOf(WHOLE);
  const of = (person: string) => {
    clock.ms += 25;
    return store.templates.of(person);
  };
  const filled = knowEverybody(recogniser, { ...store, templates: { of } }, closing.signal);
  closing.abort();
  await expect(filled).rejects.toMatchObject({ name: 'AbortError' });
  expect(recogniser.gallery.people).toBe(1);
});

test('an invalid template from the server is left out too, and the valid ones are used', () => {
  const recogniser = recogniserOf();
  const all = [...GARBAGE, ...WHOLE];
  const outcome = { removedPeople: [], faces: all.map((one) => one.person) };
  expect(followRoster(recogniser, storeOf(all), outcome)).toBe(GARBAGE.length);
  expect(recogniser.search(unit(4)).match.best?.person).toBe('person of ada');
  expect(followRoster(recogniser, storeOf(all), { removedPeople: ['person of ada'], faces: [] })).toBe(0);
  expect(recogniser.search(unit(4)).match.best?.person).toBe('person of ben');
});

test('a person is searched by the mean of their templates, without invalid embeddings', () => {
  const recogniser = recogniserOf();
  const [front, left] = [template('front', unit(6)), template('left', unit(7))];
  expect(recogniser.know('cleo', [front, ...GARBAGE, left])).toBe(GARBAGE.length);
  expect(recogniser.gallery).toMatchObject({ people: 1, templates: 1 });
  // A score is the mean of the cosines with each.
  expect(recogniser.verify(unit(6), 'cleo').score).toBeCloseTo(0.5, 6);
  expect(recogniser.search(unit(7)).match.best).toMatchObject({ person: 'cleo', score: expect.closeTo(0.5, 6) });
  expect(recogniser.search(meanOf([unit(7), unit(8)])).match.best!.score).toBeCloseTo(0.25, 6);
  expect(recogniser.compare(unit(6), [unit(6), unit(7)]).score).toBeCloseTo(0.5, 6);
  // Two that cancel out match nobody.
  expect(
    recogniser.know('cleo', [
      front,
      template(
        'against',
        unit(6).map((v) => -v),
      ),
    ]),
  ).toBe(0);
  expect(recogniser.gallery.people).toBe(0);
});

test('templates replaced by a new enrolment have no effect', () => {
  const recogniser = recogniserOf();
  const all = [9, 9, 9, 10, 10, 10, 10].map((at, i) => template(`${i}`, unit(at)));
  expect(recogniser.know('dora', all)).toBe(0);
  expect([recogniser.verify(unit(9), 'dora').score, recogniser.verify(unit(10), 'dora').score]).toEqual([0, 1]);
});

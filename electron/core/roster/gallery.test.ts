import { expect, test } from 'vitest';
import { createGallery } from '../../../models/node/gallery/index.ts';
import { loadGallery } from '../checkin/recogniser.ts';
import type { Template } from '../store/interface.ts';
import type { RosterOutcome } from '../store/roster.ts';
import { followRoster } from './gallery.ts';

const unit = (at: number) => Float32Array.from({ length: 512 }, (_, i) => (i === at ? 1 : 0));
const template = (id: string, embedding: Float32Array): Template => ({
  id,
  person: `person of ${id}`,
  model: 'm',
  pose: 'front',
  embedding,
});
/** What a broken or stolen kiosk may have sent to everybody by way of the server. */
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

test('a stored template that is no embedding is left out, and everybody else is recognised', async () => {
  const gallery = await createGallery();
  const all = [WHOLE[0]!, ...GARBAGE, WHOLE[1]!];
  expect(loadGallery({ templates: { all: () => all.values() } }, gallery, 'm')).toBe(GARBAGE.length);
  expect(gallery.search(unit(5)).best?.person).toBe('person of ben');
});

test('one that the server sends is left out too, and what comes with it is there', async () => {
  const gallery = await createGallery();
  const outcome = {
    removedPeople: [],
    removedTemplates: [],
    added: [...GARBAGE, ...WHOLE],
  } as unknown as RosterOutcome;
  expect(followRoster(gallery, 'm', outcome)).toBe(GARBAGE.length);
  expect(gallery.search(unit(4)).best?.person).toBe('person of ada');
});

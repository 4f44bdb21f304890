import { expect, test } from 'vitest';
import { createLightReach } from './light-reach.ts';

test('light is proven by the newest answers of three other people’s faces, never by one’s own', () => {
  const reach = createLightReach();
  for (const person of ['a', 'b', 'c']) reach.saw(person, true);
  expect(reach.proven('d')).toBe(true);
  expect(reach.proven('a')).toBe(false);
  reach.saw('d', true);
  expect(reach.proven('a')).toBe(true);
  reach.saw('b', false);
  expect(reach.proven('a')).toBe(false);
  expect(reach.proven('b')).toBe(true); // a face that shows nothing can't count as disproof for its own person
});

test('light counts as drowned when nobody’s face answers any more, and as working again when faces do', () => {
  const reach = createLightReach();
  for (const person of ['a', 'b']) reach.saw(person, false);
  reach.saw('b', false);
  expect(reach.drowned()).toBe(false);
  reach.saw('c', false);
  expect(reach.drowned()).toBe(true);
  reach.saw('a', true);
  expect(reach.drowned()).toBe(false);
});

import { expect, test } from 'vitest';
import { createLightReach } from './light-reach.ts';

test('light is proven by the faces of three other people, never by one’s own, and by their newest answers', () => {
  const reach = createLightReach();
  for (const person of ['a', 'b', 'c']) reach.saw(person, true);
  expect(reach.proven('d')).toBe(true);
  expect(reach.proven('a')).toBe(false);
  reach.saw('d', true);
  expect(reach.proven('a')).toBe(true);
  reach.saw('b', false);
  expect(reach.proven('a')).toBe(false);
  expect(reach.proven('b')).toBe(true); // whose face shows nothing cannot unprove it for themselves
});

test('it is drowned where nobody’s face answers any more, and reaches people again when faces do', () => {
  const reach = createLightReach();
  for (const person of ['a', 'b']) reach.saw(person, false);
  reach.saw('b', false);
  expect(reach.drowned()).toBe(false);
  reach.saw('c', false);
  expect(reach.drowned()).toBe(true);
  reach.saw('a', true);
  expect(reach.drowned()).toBe(false);
});

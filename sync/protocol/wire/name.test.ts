import { expect, test } from 'vitest';
import { PersonalBody } from './event.ts';
import { givenName, isReadableName } from './name.ts';

test.each([
  ['Ada Lovelace'],
  ["Seán O'Brien-Núñez"],
  ['李小龙'],
  ['عبد\u200f الله'],
  ['می\u200cخواهم'],
  ['Ada 👩\u200d🔬'],
  ['क्\u200dष'],
  ['A\u0301da'],
  ['7'],
])('%s is a valid name', (name) => {
  expect(isReadableName(name)).toBe(true);
  expect(givenName(200).parse(`  ${name}\n`)).toBe(name);
});

test.each([
  ['nothing', ''],
  ['zero-width spaces', '\u200b\u200b'],
  ['joiners', '\u200d\u2060'],
  ['directional marks', '\u200e\u202e\u2066'],
  ['a soft hyphen', '\u00ad'],
  ['a Hangul filler', '\u3164'],
  ['the empty Braille cell', '\u2800'],
  ['a variation selector', '\ufe0f'],
  ['tags', '\u{e0041}'],
  ['a combining mark without a letter', '\u0301'],
  ['spaces', '\u00a0\u3000'],
  ['a line break in it', 'Ada\nLovelace'],
  ['a tab in it', 'Ada\tLovelace'],
  ['a control character in it', 'A\u0007da'],
  ['a C1 control character in it', 'A\u0085da'],
  ['a line separator in it', 'Ada\u2028Lovelace'],
  ['half of a surrogate pair', 'Ada\ud83d'],
])('%s is not a valid name', (_, name) => {
  expect(isReadableName(name)).toBe(false);
  expect(givenName(200).safeParse(name).success).toBe(false);
});

test('a name in a kiosk’s event is accepted unchanged, since the event would otherwise be quarantined', () => {
  expect(PersonalBody.person.parse({ name: '\u200b\n' })).toEqual({ name: '\u200b\n' });
});

import { expect, test } from 'vitest';
import { LOCALES } from '../../renderer/console/i18n.ts';
import { SERVED } from '../../sync/server/app/served.ts';

/** Shown in the server's words: they say what is missing, which no sentence made before can. */
const SERVERS_WORDS: ReadonlySet<string> = new Set(['incident-not-documented']);

test('whatever the console’s routes refuse has its words in each language of the console', () => {
  const staffed = SERVED.filter(({ roles }) => roles !== 'anybody' && roles.some((role) => role !== 'person'));
  const codes = new Set(staffed.flatMap((spec) => spec.errors ?? []));
  expect(codes.size).toBeGreaterThan(60);
  for (const [language, words] of Object.entries(LOCALES)) {
    const known: object = words.problem;
    const missing = [...codes].filter((code) => !(code in known) && !SERVERS_WORDS.has(code));
    expect([language, missing.sort()]).toEqual([language, []]);
  }
});

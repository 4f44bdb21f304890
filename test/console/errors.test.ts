import { expect, test } from 'vitest';
import catalogue from '../../sync/errors/catalogue.json' with { type: 'json' };
import { SERVED } from '../../sync/server/app/served.ts';
import { CONSOLE, PORTAL } from '../kit/locales.ts';

/** Codes shown with the server's own text: it says what is missing, which no fixed text can. */
const SERVER_ONLY: ReadonlySet<string> = new Set(['incident-not-documented']);

test('every error of the console’s routes is translated in every language', () => {
  const staffed = SERVED.filter(({ roles }) => roles !== 'anybody' && roles.some((role) => role !== 'person'));
  const codes = new Set(staffed.flatMap((spec) => spec.errors ?? []));
  expect(codes.size).toBeGreaterThan(60);
  for (const [language, labels] of Object.entries(CONSOLE)) {
    const known: object = labels.problem;
    const missing = [...codes].filter((code) => !(code in known) && !SERVER_ONLY.has(code));
    expect([language, missing.sort()]).toEqual([language, []]);
  }
});

/** Errors that the pages detect themselves, before a server answers or in its answer. */
const OF_THE_PAGES = ['answer-unreadable', 'not-for-people', 'unreachable'];

test('console and portal translate only error codes that exist', () => {
  const codes = [CONSOLE, PORTAL].flatMap((locales) =>
    Object.values(locales).flatMap(({ problem }) => Object.keys(problem)),
  );
  expect(codes.length).toBeGreaterThan(500);
  expect(codes.filter((code) => !(code in catalogue) && !OF_THE_PAGES.includes(code))).toEqual([]);
});

import { expect, test } from 'vitest';
import { MODULES } from '../../sync/server/app/modules.ts';
import { jobsOf } from '../../sync/server/platform/server-module.ts';
import { CONSOLE } from '../kit/locales.ts';

/* A page that shows a job's internal name looks unfinished. */
test('every job has a name in every language of the console', () => {
  for (const [language, { jobs }] of Object.entries(CONSOLE)) {
    const names = (jobs as { name: Record<string, string> }).name;
    expect([
      language,
      jobsOf(MODULES)
        .map(({ name }) => name)
        .filter((name) => !names[name]),
    ]).toEqual([language, []]);
  }
});

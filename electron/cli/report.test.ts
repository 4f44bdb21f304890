import { expect, test, vi } from 'vitest';
import { Problem } from '../../sync/errors/problem.ts';
import { reportProblem } from './report.ts';

test.each([
  ['home-not-usable', 3],
  ['server-home-not-usable', 3],
  ['database-in-use', 3],
  ['bad-configuration', 2],
  ['hold-unknown', 1],
])('%s ends with %i, and is reported with its next step', (code, exit) => {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    expect(reportProblem('sp', Problem.from({ code, message: 'What it is.', nextStep: 'What to do.' }))).toBe(exit);
    expect(write.mock.calls.map(([text]) => String(text)).join('')).toBe(`sp: ${code}: What it is.\n    What to do.\n`);
  } finally {
    write.mockRestore();
  }
});

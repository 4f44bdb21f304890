import { z } from 'zod';
import type { Duty } from './duties.ts';

/** What `npm run test:policy` writes (test/artefacts/policy.json). */
export const PolicyResults = z.object({
  at: z.string(),
  commit: z.string(),
  rows: z.array(
    z.object({
      row: z.string(),
      ok: z.boolean(),
      tests: z.array(
        z.object({ file: z.string(), title: z.string(), outcome: z.enum(['passed', 'failed', 'skipped']) }),
      ),
    }),
  ),
});
export type PolicyResults = z.infer<typeof PolicyResults>;

/** How many tests of each file passed, failed and were skipped, in the last `npm test`. */
export type FileResults = ReadonlyMap<
  string,
  { readonly passed: number; readonly failed: number; readonly skipped: number }
>;

export interface LastResults {
  /** Null: not run. */
  readonly policy: PolicyResults | null;
  readonly files: FileResults;
}

export type Outcome = 'proven' | 'failed' | 'not run' | 'no test';

/** The last result of a duty's tests, and a word for each. Pure. */
export function resultOf(
  duty: Duty,
  { policy, files }: LastResults,
): { readonly outcome: Outcome; readonly proofs: string[] } {
  const proofs: string[] = [];
  const outcomes: Outcome[] = [];
  for (const row of duty.rows) {
    const found = policy?.rows.find((r) => r.row === row);
    const outcome = !found ? 'not run' : found.ok ? 'proven' : found.tests.length > 0 ? 'failed' : 'no test';
    outcomes.push(outcome);
    const passed = found?.tests.filter((t) => t.outcome === 'passed').length ?? 0;
    proofs.push(`${row} (${found ? `${passed} of ${found.tests.length} passed` : 'not run'})`);
  }
  for (const file of duty.tests ?? []) {
    const { passed = 0, failed = 0, skipped = 0 } = files.get(file) ?? {};
    const outcome = failed > 0 ? 'failed' : passed > 0 ? 'proven' : 'not run';
    outcomes.push(outcome);
    proofs.push(`${file} (${outcome === 'not run' ? 'not run' : `${passed} of ${passed + failed + skipped} passed`})`);
  }
  if (outcomes.includes('failed')) return { outcome: 'failed', proofs };
  if (outcomes.length === 0 || outcomes.includes('no test')) return { outcome: 'no test', proofs };
  return { outcome: outcomes.includes('not run') ? 'not run' : 'proven', proofs };
}

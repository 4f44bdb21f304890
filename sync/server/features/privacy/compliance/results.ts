import { z } from 'zod';
import type { Duty } from './duties.ts';

/** What `npm run test:policy` writes (test/artefacts/policy.json): each row that it could judge, with its parts. */
export const PolicyResults = z.object({
  at: z.string(),
  commit: z.string(),
  rows: z
    .array(
      z.object({
        row: z.string(),
        requirement: z.string(),
        /** What no test can show, and why. */
        limits: z.string().optional(),
        state: z.enum(['proven', 'failed', 'undecided', 'left']),
        parts: z
          .array(
            z.object({
              claim: z.string(),
              state: z.enum(['proven', 'failed', 'undecided', 'left']),
              tests: z
                .array(
                  z.object({
                    file: z.string(),
                    title: z.string(),
                    outcome: z.enum(['passed', 'failed', 'skipped', 'not run']),
                  }),
                )
                .readonly(),
            }),
          )
          .readonly(),
      }),
    )
    .readonly(),
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
    const parts = found?.parts ?? [];
    const failed = parts.some((p) => p.state === 'failed' && p.tests.length > 0);
    outcomes.push(!found ? 'not run' : found.state === 'proven' ? 'proven' : failed ? 'failed' : 'no test');
    const proven = parts.filter((p) => p.state === 'proven').length;
    proofs.push(`${row} (${found ? `${proven} of ${parts.length} parts proven` : 'not run'})`);
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

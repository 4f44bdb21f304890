import { z } from 'zod';
import laws from './duties.json' with { type: 'json' };

/** One duty of a law or standard, and how the product meets it. */
const Duty = z.strictObject({
  /** Where it is found in the law, such as `Art. 17`. */
  ref: z.string(),
  duty: z.string(),
  /** What the product does about it. Empty if nothing. */
  control: z.string(),
  /** Policy rows whose tests prove the control. */
  rows: z.array(z.templateLiteral(['P', z.number()])).readonly(),
  /** Further test files that prove it, as paths from the project's root. */
  tests: z.array(z.string()).readonly().optional(),
  /** What remains with the operator, or is not solved. */
  operator: z.string().optional(),
});
type Duty = z.infer<typeof Duty>;

/** The laws in the order of the report. The text of a duty is a summary and not legal advice: only the law itself counts. */
export const LAWS = z.array(z.strictObject({ name: z.string(), duties: z.array(Duty) })).parse(laws);

/** The file that `npm run test:policy` writes (test/artefacts/policy.json): each policy row with the state of its parts. */
export const PolicyResults = z.object({
  at: z.string(),
  commit: z.string(),
  rows: z
    .array(
      z.object({
        row: z.string(),
        requirement: z.string(),
        /** What no test can prove, and why. */
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

/** Numbers of passed, failed and skipped tests per file in the last `npm test`. */
export type FileResults = ReadonlyMap<
  string,
  { readonly passed: number; readonly failed: number; readonly skipped: number }
>;

export interface LastResults {
  /** Null if the policy tests were not run. */
  readonly policy: PolicyResults | null;
  readonly files: FileResults;
}

export type Outcome = 'proven' | 'failed' | 'not run' | 'no test';

/** Returns the outcome of a duty's tests, and a short text per policy row and test file. Pure. */
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

import { z } from 'zod';
import laws from './duties.json' with { type: 'json' };

/** One duty of a law or standard, and what in the product meets it. */
const Duty = z.strictObject({
  /** Where it stands, e.g. `Art. 17`. */
  ref: z.string(),
  duty: z.string(),
  /** What the product does. Empty where it does nothing of it. */
  control: z.string(),
  /** Rows of the policy whose tests prove the control. */
  rows: z.array(z.templateLiteral(['P', z.number()])).readonly(),
  /** Test files that prove it besides those rows, from the project's root. */
  tests: z.array(z.string()).readonly().optional(),
  /** What remains with the operator, or is not solved. */
  operator: z.string().optional(),
});
type Duty = z.infer<typeof Duty>;

/** In the order of the report. The text of a duty is a summary: the law is what counts, and this is no legal advice. */
export const LAWS = z.array(z.strictObject({ name: z.string(), duties: z.array(Duty) })).parse(laws);

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

import { z } from 'zod';
import laws from './duties.json' with { type: 'json' };

/** One duty of a law or standard, and what in the product serves it. */
const Duty = z.strictObject({
  /** Where it stands, e.g. `Art. 17`. */
  ref: z.string(),
  duty: z.string(),
  /** What the product does. Empty where it does nothing of it. */
  control: z.string(),
  /** Rows of the policy whose tests prove the control. */
  rows: z.array(z.templateLiteral(['P', z.number()])).readonly(),
  /** Test files that prove it beside those rows, from the project's root. */
  tests: z.array(z.string()).readonly().optional(),
  /** What remains with the operator, or is not solved. */
  operator: z.string().optional(),
});
export type Duty = z.infer<typeof Duty>;

/** In the order of the report. The text of a duty is a summary: the law is what counts, and this is no legal advice. */
export const LAWS = z.array(z.strictObject({ name: z.string(), duties: z.array(Duty) })).parse(laws);

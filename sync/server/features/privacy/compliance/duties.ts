import { GDPR } from './duties-gdpr.ts';
import { AI_ACT, CCPA, SOC2 } from './duties-other.ts';
import { BIPA, FERPA } from './duties-us-sector.ts';

/** One duty of a law or standard, and what in the product serves it. */
export interface Duty {
  /** Where it stands, e.g. `Art. 17`. */
  readonly ref: string;
  readonly duty: string;
  /** What the product does. Empty where it does nothing of it. */
  readonly control: string;
  /** Rows of the policy whose tests prove the control. */
  readonly rows: readonly `P${number}`[];
  /** Test files that prove it beside those rows, from the project's root. */
  readonly tests?: readonly string[];
  /** What remains with the operator, or is not solved. */
  readonly operator?: string;
}

export interface Law {
  readonly name: string;
  readonly duties: readonly Duty[];
}

/** In the order of the report. The text of a duty is a summary: the law is what counts, and this is no legal advice. */
export const LAWS: readonly Law[] = [GDPR, CCPA, FERPA, SOC2, BIPA, AI_ACT];

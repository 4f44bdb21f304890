import { COMPLIANCE_PARTS, type ComplianceFacts as Facts } from '../../../../protocol/api/compliance.ts';
import { dpiaDraft } from './dpia.ts';
import { list, section } from './markdown.ts';
import { processingRecord } from './record.ts';
import { controlsReport, factsReport, type Tally, warningsOf } from './report.ts';
import type { LastResults } from './results.ts';

export type Part = (typeof COMPLIANCE_PARTS)[number];

export interface ComplianceReport {
  /** Markdown. */
  readonly text: string;
  readonly warnings: readonly string[];
  /** Null: the controls were not asked for. */
  readonly tally: Tally | null;
}

/** The report, or the parts of it that are asked for. Pure. */
export function composeReport(
  facts: Facts,
  results: LastResults,
  parts: readonly Part[] = COMPLIANCE_PARTS,
): ComplianceReport {
  const warnings = warningsOf(facts);
  const controls = parts.includes('controls') ? controlsReport(results) : null;
  const pieces = [
    `# Compliance report\n\nSmartPresence, ${facts.at}.`,
    ...(warnings.length > 0 ? [section(2, 'To be looked at', list(warnings))] : []),
    ...(parts.includes('facts') ? [factsReport(facts)] : []),
    ...(controls ? [controls.text] : []),
    ...(parts.includes('record') ? [processingRecord(facts)] : []),
    ...(parts.includes('dpia') ? [dpiaDraft(facts)] : []),
  ];
  return { text: `${pieces.join('\n\n')}\n`, warnings, tally: controls?.tally ?? null };
}

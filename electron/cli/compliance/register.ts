import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '@commander-js/extra-typings';
import { COMPLIANCE_PARTS, getComplianceFacts } from '../../../sync/protocol/api/compliance.ts';
import { composeReport } from '../../../sync/server/features/privacy/compliance/report.ts';
import {
  PLAYWRIGHT_REPORTS,
  reportedResults,
  VITEST_REPORTS,
} from '../../../sync/server/features/privacy/compliance/reports.ts';
import { type LastResults, PolicyResults } from '../../../sync/server/features/privacy/compliance/results.ts';
import { EXIT } from '../exit-codes.ts';
import { Option } from '../options.ts';
import { call } from '../server/environment.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** `compliance report`: on the server. */
export function registerCompliance(program: Command): void {
  program
    .command('compliance')
    .description(
      'On the server: report legal duties, the controls that meet them, and the test results that prove them.',
    )
    .command('report')
    .description(
      'Print duties and controls (GDPR, CCPA, FERPA, SOC 2, BIPA, EU AI Act), the record of processing and a DPIA draft.',
    )
    .addOption(new Option('--part <part>', 'only this part').choices(COMPLIANCE_PARTS))
    .option('--results <folder>', 'folder with this version’s test results', join(ROOT, 'test/artefacts'))
    .option('--out <file>', 'write to this file (default: standard output)')
    .option('--json', 'one JSON object: {"facts","warnings","tally"}')
    .addHelpText(
      'after',
      `
The report is Markdown. A control without test results counts as not proven (docs/prove/privacy.md says how to make them).
Exit code 1 when a control is not proven, or something needs attention.`,
    )
    .action(async (o) => {
      const facts = await call(getComplianceFacts);
      const { text, warnings, tally } = composeReport(
        facts,
        lastResults(o.results),
        o.part ? [o.part] : COMPLIANCE_PARTS,
      );
      const said = o.json ? `${JSON.stringify({ facts, warnings, tally })}\n` : text;
      if (o.out) writeFileSync(o.out, said);
      else process.stdout.write(said);
      const proven = !tally || (tally.failed === 0 && tally['not run'] === 0 && tally['no test'] === 0);
      process.exitCode = proven && warnings.length === 0 ? EXIT.ok : EXIT.attention;
    });
}

/** Reads the last test results. A report that is missing or unreadable counts as not run. */
function lastResults(folder: string): LastResults {
  const policy = PolicyResults.safeParse(read(join(folder, 'policy.json')));
  const files = new Map<string, { passed: number; failed: number; skipped: number }>();
  const add = (file: string, outcome: string) => {
    const sums = files.get(file) ?? { passed: 0, failed: 0, skipped: 0 };
    files.set(file, sums);
    if (outcome === 'passed' || outcome === 'failed') sums[outcome] += 1;
    else sums.skipped += 1;
  };
  const ran = reportedResults(folder, ROOT, VITEST_REPORTS, PLAYWRIGHT_REPORTS);
  for (const { file, outcome } of ran) add(file, outcome);
  if (policy.success) {
    // Where a report covers a file as a whole, it is used, since it says more.
    const named = policy.data.rows.flatMap((r) => r.parts.flatMap((p) => p.tests)).filter((t) => !files.has(t.file));
    for (const t of new Map(named.map((t) => [`${t.file} ${t.title}`, t])).values()) add(t.file, t.outcome);
  }
  return { policy: policy.success ? policy.data : null, files };
}

function read(path: string): unknown {
  if (!existsSync(path)) return null;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  PLAYWRIGHT_REPORTS,
  playwrightResults,
  reportedResults,
  type TestResult,
  VITEST_REPORTS,
  vitestResults,
} from '../../sync/server/compliance/reports.ts';
import { type Tier, tierOf } from '../tiers.ts';
import { policyTests } from './find.ts';
import { judge, tell, tellUndecided, undecided, type Verdict } from './judge.ts';
import { ROW_PATTERN } from './rows.ts';

/**
 * `npm run test:policy [-- --all] [-- --from-reports]`: each row of the policy, with the tests that prove it. Runs the
 * files with tests whose titles name a row (`P7 …`), and fails when a row has none, or one failed or was skipped. The result goes
 * to test/artefacts/policy.json, which the compliance report reads.
 *
 * `--all`: every test of a row is listed. `--from-reports`: nothing is run, the reports of the last `npm test` and
 * `npm run test:long` are read, and of `npm run test:release` if it ran; `--without-release`: its suites are not missed.
 * A row with tests in a run that left no report is not decided: it is named, not judged.
 * Exit codes: 0 every row holds, 1 one does not, 2 none was found not to hold, but not every one could be decided.
 */
const root = join(import.meta.dirname, '../..');
const artefacts = join(root, 'test/artefacts');
const COMMAND: Record<Tier, string> = { short: 'npm test', long: 'npm run test:long', release: 'npm run test:release' };
const [SHORT_REPORT, , LONG_REPORT, RELEASE_REPORT] = VITEST_REPORTS;
const REPORT: Record<Tier, string> = { short: SHORT_REPORT, long: LONG_REPORT, release: RELEASE_REPORT };
const [SHORT_SCREENS, LONG_SCREENS, RELEASE_SCREENS] = PLAYWRIGHT_REPORTS;
const BROWSER_REPORT: Record<Tier, string> = {
  short: SHORT_SCREENS,
  long: LONG_SCREENS,
  release: RELEASE_SCREENS,
};
const bin = (name: string) => join(root, 'node_modules/.bin', name);

async function runTests(files: readonly string[]): Promise<TestResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sp-policy-'));
  try {
    const units = files.filter((f) => f.endsWith('.test.ts'));
    const vitest = join(folder, 'vitest.json');
    // Whole files: a test may stand on what the one before it did.
    await run('vitest', ['run', '--reporter=dot', '--reporter=json', `--outputFile.json=${vitest}`, ...units]);
    const screens = files.filter((f) => f.endsWith('.spec.ts'));
    const playwright = join(folder, 'playwright.json');
    if (screens.length > 0 && existsSync('/usr/bin/chromium')) {
      await run('playwright', ['test', '--reporter=dot,json', '--grep', ROW_PATTERN, ...screens], {
        PLAYWRIGHT_JSON_OUTPUT_FILE: playwright,
      });
    }
    return [...vitestResults(vitest, root), ...playwrightResults(playwright, 'test')];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  // What the tests print goes to stderr: stdout is the table alone.
  const child = spawn(bin(command), args, { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, ...env } });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve());
  });
}

function keep(verdicts: readonly Verdict[]): void {
  mkdirSync(artefacts, { recursive: true });
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const text = JSON.stringify({ at: new Date().toISOString(), commit, rows: verdicts }, null, 1);
  writeFileSync(join(artefacts, 'policy.json'), `${text}\n`);
}

const fromReports = process.argv.includes('--from-reports');
const withoutRelease = process.argv.includes('--without-release');
const named = policyTests(root);
const results = fromReports
  ? reportedResults(artefacts, root, VITEST_REPORTS, PLAYWRIGHT_REPORTS)
  : await runTests([...named.keys()]);
const left = (file: string) => withoutRelease && tierOf(file) === 'release';

/** The run that would have left the report with this file's tests, and did not; null: it has, or is not missed. */
function missingRun(file: string): string | null {
  if (!fromReports || left(file)) return null;
  const tier = tierOf(file);
  const report = file.endsWith('.spec.ts') ? BROWSER_REPORT[tier] : REPORT[tier];
  return existsSync(join(artefacts, report)) ? null : COMMAND[tier];
}

// A suite that did not run at all was skipped; but what is left to the release tier.
const ran = new Set(results.map((r) => r.file));
const missing = [...named].flatMap(([file, rows]) =>
  ran.has(file) || left(file) || missingRun(file)
    ? []
    : [{ file, title: `${rows.join(' ')}: the whole file`, outcome: 'skipped' as const }],
);
const judged = judge([...results, ...missing], named);
const open = undecided(judged, named, missingRun);
const verdicts = judged.filter(({ row }) => !open.has(row));
keep(verdicts);
for (const verdict of verdicts) console.log(tell(verdict, process.argv.includes('--all')).join('\n'));
const bad = verdicts.filter((v) => !v.ok);
if (verdicts.length > 0)
  console.log(
    `${verdicts.length - bad.length} of ${verdicts.length} rows proven${bad.length ? `; not: ${bad.map((v) => v.row).join(' ')}` : ''}`,
  );
for (const line of tellUndecided(open, Object.values(COMMAND))) console.log(line);
process.exit(bad.length > 0 ? 1 : open.size > 0 ? 2 : 0);

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  PLAYWRIGHT_REPORTS,
  playwrightResults,
  reportedResults,
  type TestResult,
  VITEST_REPORTS,
  vitestResults,
} from '../../sync/server/features/privacy/compliance/reports.ts';
import type { PolicyResults } from '../../sync/server/features/privacy/compliance/results.ts';
import { readOptions } from '../options.ts';
import { COMMIT_FILE, checkedOut, type Tier, tierOf } from '../tiers.ts';
import { ALL_RAN, describeRow, judge, type Runs, summary, type Verdict } from './judge.ts';
import { ROWS } from './rows.ts';
import { titlePattern } from './titles.ts';

/**
 * `npm run test:policy [-- --all] [-- --from-reports]`: each row of the policy (test/policy/rows.ts) with its parts and the tests
 * that prove them. Runs those tests, and fails if a part has none, or one failed, was skipped or did not run. The result is
 * written to test/artefacts/policy.json, which the compliance report reads.
 * `--all`: lists every test of a part. `--from-reports`: runs nothing, and reads the reports of the last `npm test` and `npm run
 * test:long`, and of `npm run test:release` if it ran; `--without-release`: its tests don't count as missing. A row with tests in
 * a run that left no report of this commit is not decided: it is listed, not judged.
 * Exit codes: 0 every row holds, 1 one does not, 2 none was found not to hold, but some could not be decided.
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
const commit = checkedOut(root);
const bin = (name: string) => join(root, 'node_modules/.bin', name);

/** Every test that a part names, by file. */
function namedTests(): Map<string, Set<string>> {
  const named = new Map<string, Set<string>>();
  for (const { parts } of ROWS.values())
    for (const tests of Object.values(parts))
      for (const [file, titles] of Object.entries(tests))
        for (const title of titles) named.set(file, (named.get(file) ?? new Set()).add(title));
  return named;
}

async function runTests(named: ReadonlyMap<string, ReadonlySet<string>>): Promise<TestResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sp-policy-'));
  try {
    const units = [...named.keys()].filter((f) => f.endsWith('.test.ts'));
    const vitest = join(folder, 'vitest.json');
    // Whole files, since a test may depend on the one before it.
    await run('vitest', ['run', '--reporter=dot', '--reporter=json', `--outputFile.json=${vitest}`, ...units]);
    const screens = [...named].filter(([file]) => file.endsWith('.spec.ts'));
    const playwright = join(folder, 'playwright.json');
    if (screens.length > 0 && existsSync('/usr/bin/chromium')) {
      const titles = screens.flatMap(([, those]) => [...those].map((title) => titlePattern(title).source));
      const files = screens.map(([file]) => file);
      await run('playwright', ['test', '--reporter=dot,json', '--grep', titles.join('|'), ...files], {
        PLAYWRIGHT_JSON_OUTPUT_FILE: playwright,
      });
    }
    return [...vitestResults(vitest, root), ...playwrightResults(playwright, 'test')];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  // The tests' output goes to stderr; stdout is for the table only.
  const child = spawn(bin(command), args, { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, ...env } });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve());
  });
}

function keep(verdicts: readonly Verdict[]): void {
  mkdirSync(artefacts, { recursive: true });
  const rows = verdicts.filter(({ state }) => state === 'proven' || state === 'failed');
  const kept: PolicyResults = { at: new Date().toISOString(), commit, rows };
  writeFileSync(join(artefacts, 'policy.json'), `${JSON.stringify(kept, null, 1)}\n`);
}

const {
  'without-release': withoutRelease,
  'from-reports': fromReports,
  all,
} = readOptions('npm run test:policy -- [--from-reports] [--without-release] [--all]', {
  'without-release': { type: 'boolean', default: false },
  'from-reports': { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
});
const commitFile = join(artefacts, COMMIT_FILE);
const ofThisCommit = existsSync(commitFile) && readFileSync(commitFile, 'utf8') === commit;
const byReports: Runs = {
  left: (file) => withoutRelease && tierOf(file) === 'release',
  missing: (file) => {
    const tier = tierOf(file);
    const report = file.endsWith('.spec.ts') ? BROWSER_REPORT[tier] : REPORT[tier];
    return ofThisCommit && existsSync(join(artefacts, report)) ? null : COMMAND[tier];
  },
};
const verdicts = fromReports
  ? judge(ROWS, reportedResults(artefacts, root, VITEST_REPORTS, PLAYWRIGHT_REPORTS), byReports)
  : judge(ROWS, await runTests(namedTests()), ALL_RAN);
keep(verdicts);
for (const verdict of verdicts) console.log(describeRow(verdict, all).join('\n'));
for (const line of summary(verdicts, Object.values(COMMAND))) console.log(line);
const found = (state: Verdict['state']) => verdicts.some((v) => v.state === state);
process.exit(found('failed') ? 1 : found('undecided') ? 2 : 0);

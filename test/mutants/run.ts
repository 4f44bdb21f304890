import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TOOL_FOLDERS } from '../../build/fetch/tools.ts';
import {
  playwrightResults,
  type TestResult,
  vitestResults,
} from '../../sync/server/features/privacy/compliance/reports.ts';
import { isWhole, readOptions } from '../options.ts';
import { isSpec, type Mutant, mutate, readMutants } from './list.ts';

/**
 *     npm run test:mutants [-- --only TEXT] [--from N] [--jobs N]
 *
 * Applies each stored mutation (lists/) to a copy of the working tree, one at a time, and runs the tests that must notice. A
 * mutant is caught if one of them fails. It survives if none does, or none runs. First the tests run on the unchanged copy: a
 * mutant is not caught by a test that fails anyway. `--only`: mutants whose file, promise or tests contain this text; `--from`:
 * the Nth of them and those after it, to continue an interrupted run.
 * Exit codes: 0 all caught; 1 a mutant survived, or its tests fail without it; 2 wrong usage.
 */
const chosen = (only = '') =>
  readMutants().filter(({ file, promise, tests }) => [file, promise, ...tests].some((text) => text.includes(only)));
const values = readOptions(
  'npm run test:mutants -- [--only TEXT] [--from N] [--jobs N]',
  { only: { type: 'string' }, from: { type: 'string', default: '1' }, jobs: { type: 'string' } },
  ({ only, from, jobs }) => {
    if (jobs !== undefined && !isWhole(jobs)) return '--jobs takes a number';
    if (!isWhole(from)) return '--from takes a number';
    if (chosen(only).length === 0) return `None matches --only ${only}.`;
    return Number(from) > chosen(only).length ? `There are ${chosen(only).length}, none from ${from} on.` : null;
  },
);
const root = join(import.meta.dirname, '../..');
const jobs = Number(values.jobs ?? availableParallelism());
const all = chosen(values.only);
const mutants = all.slice(Number(values.from) - 1);

// Shared, because more than a thousand short-lived processes would each compile the same code.
process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules/.cache/compiled');

const scratch = mkdtempSync(join(tmpdir(), 'sp-mutants-'));
// Some tests start programs as other users.
chmodSync(scratch, 0o755);
const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

/** Copies the working tree without generated files. Packages and built parts are those of the checkout. */
function copyTree(name: string): string {
  const copy = join(scratch, name);
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  for (const file of listed.toString().split('\0').filter(Boolean)) {
    // git also lists files whose deletion is not yet committed.
    if (!existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  const packages = ['.', ...TOOL_FOLDERS].map((folder) => join(folder, 'node_modules'));
  for (const made of ['dist', ...packages])
    if (existsSync(join(root, made))) symlinkSync(join(root, made), join(copy, made));
  // Some tests ask git for the list of files.
  execFileSync('git', ['init', '-q'], { cwd: copy });
  execFileSync('git', ['add', '-A'], { cwd: copy });
  return copy;
}

interface HowToRun {
  readonly workers: number;
  readonly untilOneFails: boolean;
  /** Part of the titles, as a regular expression. */
  readonly title?: string | undefined;
}

/** @returns the tests' results; empty where nothing could be run */
async function runTests(copy: string, tests: readonly string[], how: HowToRun): Promise<TestResult[]> {
  const specs = tests.filter(isSpec);
  const units = tests.filter((file) => !isSpec(file));
  return [
    ...(units.length > 0 ? await runVitest(copy, units, how) : []),
    ...(specs.length > 0 ? await runPlaywright(copy, specs, how) : []),
  ];
}

async function runVitest(copy: string, files: readonly string[], how: HowToRun): Promise<TestResult[]> {
  const report = join(copy, 'mutants-report.json');
  const args = ['run', '--reporter=json', `--outputFile.json=${report}`, `--maxWorkers=${how.workers}`];
  if (how.untilOneFails) args.push('--bail=1');
  if (how.title) args.push('-t', how.title);
  await toItsEnd(copy, 'vitest', [...args, ...files], report);
  return vitestResults(report, copy);
}

/** Runs Playwright; the specs build the screens of the tree that they are in. */
async function runPlaywright(copy: string, files: readonly string[], how: HowToRun): Promise<TestResult[]> {
  const report = join(copy, 'mutants-report-browser.json');
  const args = ['test', '--reporter=json', `--workers=${how.workers}`];
  if (how.untilOneFails) args.push('-x');
  if (how.title) args.push('-g', how.title);
  const env = { EXPECT_MS: '30000', ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: report };
  await toItsEnd(copy, 'playwright', [...args, ...files], report, env);
  return playwrightResults(report, 'test');
}

async function toItsEnd(copy: string, program: string, args: string[], report: string, env = process.env) {
  rmSync(report, { force: true });
  const options = { cwd: copy, stdio: 'ignore', env } as const;
  const child = spawn(join(root, 'node_modules/.bin', program), args, options);
  children.add(child);
  await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  children.delete(child);
}

/** A file that can't be loaded (no title) is not a result of its tests. */
const failed = (results: readonly TestResult[]) => results.some((r) => r.outcome === 'failed' && r.title !== '');
const passed = (results: readonly TestResult[]) => results.some((r) => r.outcome === 'passed');

/** A failure after this time, ms, may be a test that timed out; tests give up after 60 s or later. */
const SLOW_MS = 60_000;

const began = performance.now();
const copies = Array.from({ length: jobs }, (_, i) => copyTree(`copy-${i + 1}`));

const named = [...new Set(mutants.flatMap((m) => m.tests))];
const ofSpecs = mutants.filter((m) => m.tests.some(isSpec)).map(({ title }) => title);
const whole = { workers: jobs, untilOneFails: false };
const unchanged = [
  ...(await runTests(
    copies[0]!,
    named.filter((file) => !isSpec(file)),
    whole,
  )),
  ...(await runTests(copies[0]!, named.filter(isSpec), { ...whole, title: ofSpecs.join('|') })),
];

/** Returns the results of a mutant's own tests on the unchanged copy. A title is matched as by `-t` and `-g`. */
const withoutMutation = ({ tests, title = '' }: Mutant) =>
  unchanged.filter((r) => tests.includes(r.file) && new RegExp(title).test(r.title));
const unfit = new Set(mutants.filter((m) => failed(withoutMutation(m)) || !passed(withoutMutation(m))));
for (const mutant of unfit) {
  const what = failed(withoutMutation(mutant)) ? 'fails' : 'nothing runs';
  console.log(`✗ without any mutation ${what}: ${mutant.tests.join(' ')} ${mutant.title ?? ''}`);
}

const survivors: Mutant[] = [];
const left = [...mutants];
await Promise.all(
  copies.map(async (copy) => {
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
      const number = all.indexOf(mutant) + 1;
      const path = join(copy, mutant.file);
      const source = readFileSync(path, 'utf8');
      writeFileSync(path, mutate(source, mutant));
      const how = { workers: 1, untilOneFails: true, title: mutant.title };
      const fails = async () => failed(await runTests(copy, mutant.tests, how));
      const since = performance.now();
      let caught = !unfit.has(mutant) && (await fails());
      // Tests that wait, as every browser test does, may fail on a busy machine: such a mutant is caught only if they fail again.
      const waited = performance.now() - since > SLOW_MS || mutant.tests.some(isSpec);
      if (caught && waited) caught = await fails();
      writeFileSync(path, source);
      if (!caught) survivors.push(mutant);
      console.log(`${caught ? '✓' : '✗'} ${number}/${all.length} ${mutant.file}: ${mutant.promise}`);
    }
  }),
);

for (const { file, promise, from, to, tests } of survivors) {
  console.log(`SURVIVED ${file}: ${promise}\n  - ${from}\n  + ${to}\n  passed: ${tests.join(' ')}`);
}
console.log(`took ${Math.round((performance.now() - began) / 1000)} s`);
console.log(`${mutants.length} mutants, ${mutants.length - survivors.length} caught, ${survivors.length} survived`);
process.exit(survivors.length === 0 ? 0 : 1);

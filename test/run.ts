import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  againReport,
  PLAYWRIGHT_REPORTS,
  reportedResults,
  type TestResult,
  VITEST_REPORTS,
} from '../sync/server/compliance/reports.ts';
import { LONG, RELEASE } from './tiers.ts';

/**
 * `npm test`: what has to hold before a change is shown to anybody, within ten minutes on two cores: the system packages
 * that the suites need, the built parts, lint, types, layering, unused code, unit and cross-folder tests, forty faults, and
 * the browser suites. `npm run test:long` (`--long`): the suites that take longer, by test/tiers.ts, and then each row of
 * the policy by the reports of both; `.ci/run` calls the first alone.
 */
const tier = (['release', 'long'] as const).find((name) => process.argv.includes(`--${name}`)) ?? 'short';
const root = join(import.meta.dirname, '..');
const CHECKS = [join(root, 'build/checks/run.ts')];
const bin = (name: string) => join(root, 'node_modules/.bin', name);
const results = join(root, 'test/artefacts');

/** Debian packages by what needs them; without one its suites are skipped, in words. */
const SYSTEM: { file: string; apt: string; suites: string }[] = [
  {
    file: '/usr/bin/chromium',
    apt: 'chromium',
    suites: 'browser suites (kiosk screens, end to end, hosts in Chromium)',
  },
  {
    file: '/usr/share/fonts/truetype/vazirmatn',
    apt: 'fonts-vazirmatn-variable',
    suites: 'pictures of the kiosk in Arabic as people see them',
  },
  {
    file: '/usr/share/fonts/truetype/wqy',
    apt: 'fonts-wqy-microhei',
    suites: 'pictures of the kiosk in Chinese as people see them',
  },
  { file: '/usr/sbin/mosquitto', apt: 'mosquitto', suites: 'MQTT over a real Mosquitto' },
  { file: '/usr/bin/tcpdump', apt: 'tcpdump', suites: 'a capture on loopback' },
  { file: '/usr/lib/postgresql', apt: 'postgresql', suites: 'the server on a real PostgreSQL' },
  { file: '/usr/bin/moto_server', apt: 'python3-moto', suites: 'backups to an S3 store' },
  {
    file: '/usr/lib/python3/dist-packages/flask_cors',
    apt: 'python3-flask-cors',
    suites: 'backups to an S3 store (moto’s server needs it)',
  },
  { file: '/usr/bin/sqlcipher', apt: 'sqlcipher', suites: 'the store opened by Debian’s sqlcipher' },
  { file: '/usr/bin/socat', apt: 'socat', suites: 'serial devices on real ports (badge readers, GPS, door relay)' },
  { file: '/usr/bin/cage', apt: 'cage', suites: 'the kiosk’s own session: keys, and the installed kiosk in it' },
  { file: '/usr/bin/grim', apt: 'grim', suites: 'what the kiosk’s own session shows' },
  { file: '/usr/bin/wtype', apt: 'wtype', suites: 'what is typed in the kiosk’s own session' },
  { file: '/usr/sbin/nft', apt: 'nftables', suites: 'the kiosk image’s firewall' },
  { file: '/usr/sbin/debootstrap', apt: 'debootstrap', suites: 'the kiosk image on a Debian machine' },
  { file: '/usr/bin/systemd-nspawn', apt: 'systemd-container', suites: 'the kiosk image, started' },
  { file: '/usr/bin/swtpm', apt: 'swtpm', suites: 'the device secret in a TPM' },
  { file: '/usr/bin/tpm2', apt: 'tpm2-tools', suites: 'the device secret in a TPM' },
  { file: '/usr/bin/sslscan', apt: 'sslscan', suites: 'every listener scanned for weak TLS' },
];

// What a hundred short-lived processes would each compile anew.
process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules/.cache/compiled');

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill();
});

/** @param options `undecided`: exit code that says neither that it passed nor that it failed; counts as no failure */
async function run(
  name: string,
  command: string,
  args: string[],
  options: { quiet?: boolean; env?: NodeJS.ProcessEnv; undecided?: number } = {},
): Promise<boolean> {
  const started = Date.now();
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  children.add(child);
  let output = '';
  const keep = (chunk: Buffer) => {
    if (options.quiet) output += chunk;
    else process.stdout.write(chunk);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  children.delete(child);
  if (code !== 0 && options.quiet) process.stdout.write(output);
  const undecided = code !== null && code === options.undecided;
  const mark = code === 0 ? '✓' : undecided ? '–' : '✗';
  console.log(`${mark} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  return code === 0 || undecided;
}

async function systemPackages(): Promise<string[]> {
  const missing = SYSTEM.filter((tool) => !existsSync(tool.file));
  if (missing.length === 0) return [];
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log(`Installing Debian packages for the suites: ${missing.map((m) => m.apt).join(' ')}`);
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get update', 'apt-get', ['update', '-q'], { quiet: true, env });
    await run(
      'apt-get install',
      'apt-get',
      ['install', '-y', '-q', '--no-install-recommends', ...missing.map((m) => m.apt)],
      { quiet: true, env },
    );
  }
  const skipped = SYSTEM.filter((tool) => !existsSync(tool.file));
  return skipped.map(
    (tool) =>
      `SKIPPED: ${tool.suites}: ${tool.file} is missing (Debian package ${tool.apt}; only root installs it by itself).`,
  );
}

const skipped = await systemPackages();
for (const line of skipped) console.log(line);
if (tier === 'short') rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });

const { ensureBuilt } = await import('../electron/cli/start/ensure-built.ts');
await ensureBuilt((line) => console.log(line));

const FAULTS = 'test/faults/faults.test.ts';
const browsers = existsSync('/usr/bin/chromium');
const isBrowser = (file: string) => file.endsWith('.spec.ts');
const units = (files: readonly string[]) => files.filter((file) => !isBrowser(file));
const screensOf = (files: readonly string[]) => files.filter(isBrowser);
const leftOut = (files: readonly string[]) => units(files).flatMap((file) => ['--exclude', file]);
const vitestRun = (name: string, report: string, args: readonly string[]) =>
  run(name, bin('vitest'), [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${join(results, report)}`,
    ...args,
  ]);
const playwrightRun = (name: string, report: string, files: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  browsers && (files.length > 0 || tier === 'short')
    ? run(name, bin('playwright'), ['test', '--reporter=list,json', ...files], {
        env: { PLAYWRIGHT_JSON_OUTPUT_FILE: join(results, report), ...env },
      })
    : Promise.resolve(true);

/** More failed files than these are no accident of a busy machine. */
const MOST_REPEATED = 6;

/**
 * A suite that failed in a few files: those once more, whole and with the machine to themselves. What passes then counts,
 * and is named at the end: a test that needs this wants mending.
 */
async function again(ok: boolean, report: string, rerun: typeof vitestRun, repeated: TestResult[]): Promise<boolean> {
  const failed = reportedResults(results, root, [report], []).filter((r) => r.outcome === 'failed');
  const files = [...new Set(failed.map((r) => r.file))];
  if (ok || files.length === 0 || files.length > MOST_REPEATED) return ok;
  console.log(`Failed, and run once more by themselves: ${files.join(' ')}`);
  const passed = await rerun('the same again', againReport(report), files);
  if (passed) repeated.push(...failed);
  return passed;
}

interface Outcome {
  /** Lint, types and the like. */
  readonly checks: readonly boolean[];
  readonly suites: readonly boolean[];
  /** Tests that failed, and passed when their file was run once more by itself. */
  readonly repeated: readonly TestResult[];
  /** Reports of this run. */
  readonly vitest: readonly string[];
  readonly playwright: string;
}

async function short(): Promise<Outcome> {
  const checks = await Promise.all([
    run('lint (biome)', bin('biome'), ['check', '--error-on-warnings', '.'], { quiet: true }),
    run('types (tsc)', bin('tsc'), ['--noEmit', '-p', '.'], { quiet: true }),
    run(
      'layering (dependency-cruiser)',
      bin('depcruise'),
      ['--config', '.dependency-cruiser.cjs', 'electron', 'models', 'renderer', 'sync', 'build', 'test'],
      { quiet: true },
    ),
    run('unused code (knip)', bin('knip'), [], { quiet: true }),
    run('licences of what production installs', process.execPath, [...CHECKS, 'licences'], { quiet: true }),
    run('secrets in the tree and its history', process.execPath, [...CHECKS, 'secrets'], { quiet: true }),
    // Not quiet: where the registry can't be asked, that is said.
    run('npm audit, each finding answered', process.execPath, [...CHECKS, 'audit']),
  ]);
  const [tests, faultsReport] = VITEST_REPORTS;
  // The fault runs mostly wait (for silence, for restarts), so they go beside everything else.
  const faults = vitestRun('forty faults (vitest)', faultsReport, [FAULTS]);
  const unit = await vitestRun('unit and cross-folder tests (vitest)', tests, [
    '--exclude',
    FAULTS,
    ...leftOut([...LONG, ...RELEASE]),
  ]);
  const screens = await playwrightRun('browser tests (playwright)', PLAYWRIGHT_REPORTS[0], [], {
    SMARTPRESENCE_LEAVE_OUT: screensOf([...LONG, ...RELEASE]).join(','),
  });
  const stood = await faults;
  const repeated: TestResult[] = [];
  return {
    checks,
    suites: [
      await again(unit, tests, vitestRun, repeated),
      await again(screens, PLAYWRIGHT_REPORTS[0], playwrightRun, repeated),
      stood,
    ],
    repeated,
    vitest: [tests, faultsReport],
    playwright: PLAYWRIGHT_REPORTS[0],
  };
}

/** The suites of a later tier, and then the rows of the policy by the reports of all tiers that ran. */
async function later(name: 'long' | 'release'): Promise<Outcome> {
  const [files, without, at] = name === 'long' ? [LONG, RELEASE, 2] : [RELEASE, [], 3];
  const [report, screensReport] = [VITEST_REPORTS[at]!, PLAYWRIGHT_REPORTS[at - 1]!];
  for (const stale of [report, screensReport]) rmSync(join(results, againReport(stale)), { force: true });
  // A filter is a part of the path.
  const filters = units(files).map((file) => file.replace(/\*\*$/, ''));
  const unit = await vitestRun(`the ${name} tier (vitest)`, report, [...filters, ...leftOut(without)]);
  const screens = await playwrightRun(`the ${name} tier in browsers (playwright)`, screensReport, screensOf(files));
  const repeated: TestResult[] = [];
  const suites = [
    await again(unit, report, vitestRun, repeated),
    await again(screens, screensReport, playwrightRun, repeated),
  ];
  // Each row of the policy, by the reports of the tests that ran: nothing runs twice. Where an earlier tier has left none in
  // this checkout, the rows that it has tests of stay open, and are named.
  const policy = await run(
    'rows of the policy',
    process.execPath,
    [join(root, 'test/policy/run.ts'), '--from-reports', ...(name === 'long' ? ['--without-release'] : [])],
    { undecided: 2 },
  );
  const proven = policy || skipped.length > 0;
  return {
    checks: [],
    suites: [...suites, proven],
    repeated,
    vitest: [report],
    playwright: screensReport,
  };
}

const outcome = await (tier === 'short' ? short() : later(tier));
const reported = reportedResults(results, root, outcome.vitest, browsers ? [outcome.playwright] : []);
const count = (wanted: TestResult['outcome']) => reported.filter((r) => r.outcome === wanted).length;
const failedChecks = outcome.checks.filter((ok) => !ok).length;
const passed = count('passed') + outcome.checks.length - failedChecks;
const silent = outcome.vitest.filter((name) => !existsSync(join(results, name)));
const failed = count('failed') + failedChecks + silent.length;
const tell = (what: string, r: TestResult) => console.log(`${what}: ${r.file} › ${r.title || '(the whole file)'}`);
for (const line of skipped) console.log(line);
for (const result of outcome.repeated) tell('passed only when repeated', result);
for (const result of reported) if (result.outcome === 'failed') tell('FAILED', result);
for (const name of silent) console.log(`FAILED: no report ${name}`);
console.log(`npm ${tier === 'short' ? 'test' : `run test:${tier}`} took ${Math.round(performance.now() / 1000)} s`);
console.log(`${passed} passed, ${failed} failed, ${count('skipped')} skipped`);
process.exit(failed === 0 && outcome.suites.every(Boolean) && passed > 0 ? 0 : 1);

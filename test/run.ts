import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchAllFiles } from '../build/fetch/files.ts';
import { installTools, TYPED_FOLDERS } from '../build/fetch/tools.ts';
import {
  PLAYWRIGHT_REPORTS,
  playwrightResults,
  retryReport,
  type TestResult,
  VITEST_REPORTS,
  vitestResults,
} from '../sync/server/features/privacy/compliance/reports.ts';
import { readOptions } from './options.ts';
import { COMMIT_FILE, checkedOut, suitesOf } from './tiers.ts';
import { judgeSuite, type Ran, type Suite, toRepeat } from './verdict.ts';

/**
 * `npm test`: everything that must hold before a change is shown to anyone, in about twelve minutes on two cores: the system
 * packages that the suites need, the built parts, lint, types, layering, unused code, unit and cross-folder tests, forty faults,
 * and the browser suites. `npm run test:long` (`--long`): the longer suites, by test/tiers.ts, and then each row of the policy,
 * by the reports of both. `.ci/run` runs only the first.
 */
const options = readOptions('npm test, npm run test:long, npm run test:release', {
  release: { type: 'boolean', default: false },
  long: { type: 'boolean', default: false },
});
const tier = (['release', 'long'] as const).find((name) => options[name]) ?? 'short';
const root = join(import.meta.dirname, '..');
const CHECKS = [join(root, 'build/checks/run.ts')];
const bin = (name: string) => join(root, 'node_modules/.bin', name);
const results = join(root, 'test/artefacts');

/** Debian packages, each with a file that shows it is installed. Without one its suites are skipped, and the output says so. */
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
  { file: '/usr/bin/podman', apt: 'podman', suites: 'the server in containers' },
  { file: '/usr/bin/podman-compose', apt: 'podman-compose', suites: 'the server in containers' },
  { file: '/usr/sbin/runc', apt: 'runc', suites: 'the server in containers' },
  { file: '/usr/lib/podman/netavark', apt: 'netavark', suites: 'the server in containers' },
  { file: '/usr/lib/podman/aardvark-dns', apt: 'aardvark-dns', suites: 'the server in containers' },
  { file: '/usr/bin/swtpm', apt: 'swtpm', suites: 'the device secret in a TPM' },
  { file: '/usr/bin/tpm2', apt: 'tpm2-tools', suites: 'the device secret in a TPM' },
  { file: '/usr/bin/strace', apt: 'strace', suites: 'power cuts: what kiosk and updater write and flush' },
  { file: '/usr/sbin/cupsd', apt: 'cups', suites: 'printing at the kiosk' },
  { file: '/usr/lib/cups/backend/cups-pdf', apt: 'printer-driver-cups-pdf', suites: 'printing at the kiosk' },
  { file: '/usr/bin/pdftotext', apt: 'poppler-utils', suites: 'printing at the kiosk' },
  { file: '/usr/sbin/nginx', apt: 'nginx', suites: 'the server behind nginx' },
  {
    file: '/usr/lib/nginx/modules/ngx_stream_module.so',
    apt: 'libnginx-mod-stream',
    suites: 'kiosks through nginx',
  },
  { file: '/usr/bin/caddy', apt: 'caddy', suites: 'the server behind Caddy' },
  { file: '/usr/bin/pebble', apt: 'pebble', suites: 'certificates by ACME' },
  { file: '/usr/bin/lego', apt: 'lego', suites: 'certificates by ACME' },
  { file: '/usr/bin/sslscan', apt: 'sslscan', suites: 'every listener scanned for weak TLS' },
];

// Otherwise each of a hundred short-lived processes would compile it.
process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules/.cache/compiled');

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill();
});

interface Ended {
  /** Null if ended by a signal. */
  readonly code: number | null;
  readonly unhandled: boolean;
}

/** vitest's own message for errors that its report omits. */
const UNHANDLED = /Vitest caught \d+ unhandled error/;

/** @param options `quiet`: prints the output only if it failed */
async function run(
  name: string,
  command: string,
  args: string[],
  options: { quiet?: boolean; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  const started = Date.now();
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  children.add(child);
  let output = '';
  const keep = (chunk: Buffer) => {
    output += chunk;
    if (!options.quiet) process.stdout.write(chunk);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  children.delete(child);
  if (code !== 0 && options.quiet) process.stdout.write(output);
  console.log(`${code === 0 ? '✓' : '✗'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  return { code, unhandled: UNHANDLED.test(output) };
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
const commit = checkedOut(root);
const commitFile = join(results, COMMIT_FILE);
const ofThisCommit = existsSync(commitFile) && readFileSync(commitFile, 'utf8') === commit;
if (tier === 'short' || !ofThisCommit) rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
writeFileSync(commitFile, commit);

// Done here, not in the first of the many tests that need them.
for (const folder of ['build/checks', ...TYPED_FOLDERS] as const) installTools(folder);
fetchAllFiles();
const { ensureBuilt } = await import('./kit/ensure-built.ts');
await ensureBuilt((line) => console.log(line));

const FAULTS = 'test/faults/faults.test.ts';
const browsers = existsSync('/usr/bin/chromium');
const isBrowser = (file: string) => file.endsWith('.spec.ts');

/** Runs files. Deletes an earlier report of the same name first, so that it isn't mistaken for this run's. */
type Runner = (name: string, report: string, files: readonly string[]) => Promise<Ran>;

const vitestRun: Runner = async (name, report, files) => {
  const path = join(results, report);
  rmSync(path, { force: true });
  // Absolute paths, since a filter matches any part of a path.
  const those = files.map((file) => join(root, file));
  const { code, unhandled } = await run(
    name,
    bin('vitest'),
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${path}`, ...those],
    // Where every suite can run, one that can't is an error rather than a skip.
    { env: tier !== 'short' && skipped.length === 0 && process.getuid?.() === 0 ? { TESTS_MUST_RUN: 'yes' } : {} },
  );
  return { code, unhandled, results: reported(path, () => vitestResults(path, root)) };
};
const playwrightRun: Runner = async (name, report, files) => {
  const path = join(results, report);
  rmSync(path, { force: true });
  const { code } = await run(name, bin('playwright'), ['test', '--reporter=list,json', ...files], {
    env: { PLAYWRIGHT_JSON_OUTPUT_FILE: path },
  });
  return { code, unhandled: false, results: reported(path, () => playwrightResults(path, 'test')) };
};

/** Null if the report is missing or incomplete. */
function reported(path: string, read: () => TestResult[]): TestResult[] | null {
  if (!existsSync(path)) return null;
  try {
    return read();
  } catch {
    return null;
  }
}

/** Runs a suite. If only a few files failed, runs those again with nothing else running. */
async function repeated(name: string, report: string, files: readonly string[], runner: Runner, first: Ran) {
  rmSync(join(results, retryReport(report)), { force: true });
  const again = toRepeat({ name, files, first });
  if (again.length === 0) return { name, files, first };
  console.log(`Failed, and run once more by themselves: ${again.join(' ')}`);
  return { name, files, first, again: await runner(`${name}, repeated`, retryReport(report), again) };
}

const check = async (...args: Parameters<typeof run>) => (await run(...args)).code === 0;

async function checks(): Promise<boolean[]> {
  return Promise.all([
    check('lint (biome)', process.execPath, [...CHECKS, 'lint'], { quiet: true }),
    check('types (tsc)', process.execPath, [...CHECKS, 'types'], { quiet: true }),
    check('layering, and no circle of folders', process.execPath, [...CHECKS, 'layers'], { quiet: true }),
    check('unused code (knip)', process.execPath, [...CHECKS, 'unused'], { quiet: true }),
    check('licences of what is installed', process.execPath, [...CHECKS, 'licences'], { quiet: true }),
    check('secrets in the tree and its history', process.execPath, [...CHECKS, 'secrets'], { quiet: true }),
    // Not quiet: if the registry can't be reached, the output must say so.
    check('npm audit, each finding answered', process.execPath, [...CHECKS, 'audit']),
  ]);
}

/** The checks that aren't suites: lint and the like for `npm test`; for the release tier, whether tests notice kept mutations. */
async function checksOf(): Promise<boolean[]> {
  if (tier === 'short') return checks();
  return tier === 'release' ? [await check('mutants', process.execPath, [join(root, 'test/mutants/run.ts')])] : [];
}

/** The suites of a run: in vitest, in browsers and, for `npm test`, forty faults alongside. */
async function suites(): Promise<Suite[]> {
  const at = { short: 0, long: 2, release: 3 }[tier];
  const [report, faultsReport] = [VITEST_REPORTS[at]!, VITEST_REPORTS[1]];
  const screensReport = PLAYWRIGHT_REPORTS[Math.max(0, at - 1)]!;
  const all = suitesOf(root, tier).filter((file) => file !== FAULTS);
  const units = all.filter((file) => !isBrowser(file));
  const screens = browsers ? all.filter(isBrowser) : [];
  // The fault runs mostly wait (for silence, for restarts), so they run alongside everything else.
  const faults = tier === 'short' ? vitestRun('forty faults (vitest)', faultsReport, [FAULTS]) : null;
  const [unitName, screensName] = [`the ${tier} tier (vitest)`, `the ${tier} tier in browsers (playwright)`];
  const unit = await vitestRun(unitName, report, units);
  const screen = screens.length > 0 ? await playwrightRun(screensName, screensReport, screens) : null;
  const stood = await faults;
  return [
    await repeated(unitName, report, units, vitestRun, unit),
    ...(screen ? [await repeated(screensName, screensReport, screens, playwrightRun, screen)] : []),
    ...(stood ? [{ name: 'forty faults', files: [FAULTS], first: stood }] : []),
  ];
}

/**
 * Checks each row of the policy against the reports of the tests that ran, so nothing runs twice. If an earlier tier left no
 * report in this checkout, the rows that depend on it stay open and are listed.
 */
async function policy(): Promise<boolean> {
  const args = ['--from-reports', ...(tier === 'long' ? ['--without-release'] : [])];
  const { code } = await run('rows of the policy', process.execPath, [join(root, 'test/policy/run.ts'), ...args]);
  return code === 0 || (code === 2 && tier === 'long');
}

const checked = await checksOf();
const judged = (await suites()).map(judgeSuite);
const proven = tier === 'short' || (await policy());
const all = judged.flatMap((s) => s.results);
const problems = [...judged.flatMap((s) => s.problems), ...(proven ? [] : ['rows of the policy are not proven'])];
const count = (wanted: TestResult['outcome']) => all.filter((r) => r.outcome === wanted).length;
const failedChecks = checked.filter((ok) => !ok).length;
const passed = count('passed') + checked.length - failedChecks;
const failed = count('failed') + failedChecks + problems.length;
const name = (r: TestResult) => `${r.file} › ${r.title || '(the whole file)'}`;
for (const line of skipped) console.log(line);
for (const result of judged.flatMap((s) => s.repeated)) console.log(`passed only when repeated: ${name(result)}`);
for (const result of all) if (result.outcome === 'failed') console.log(`FAILED: ${name(result)}`);
for (const problem of problems) console.log(`FAILED: ${problem}`);
console.log(`npm ${tier === 'short' ? 'test' : `run test:${tier}`} took ${Math.round(performance.now() / 1000)} s`);
console.log(`${passed} passed, ${failed} failed, ${count('skipped')} skipped`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installTools, TOOL_FOLDERS, TYPED_FOLDERS, toolProgram } from '../fetch/tools.ts';
import { AuditAnswers, LicenceAnswers, readAnswers, SecretAnswers } from './answers.ts';
import { judgeAudit } from './audit.ts';
import { historyTexts, treeTexts } from './git-texts.ts';
import { Lockfile, licenceFaults } from './licences.ts';
import { findSecrets, secretFaults } from './secrets.ts';

/*
 * node build/checks/run.ts CHECK: runs one check; each is part of `npm test`. Prints what is wrong and exits with 1. Reviewed
 * findings of licences, secrets and audit are answered in the JSON files beside this one.
 */

const ROOT = join(import.meta.dirname, '../..');
/** Well above the time npm needs for the request, including its retries. */
const AUDIT_MS = 60_000;

const LOCKED = ['.', ...TOOL_FOLDERS];

function run(program: string, args: readonly string[]): number {
  return spawnSync(program, args, { cwd: ROOT, stdio: 'inherit' }).status ?? 1;
}
const tool = (name: string, ...args: string[]): number => run(toolProgram('build/checks', name), args);

/** Runs a check that follows imports into packages that only some folders need. */
function resolving(check: () => number): number {
  for (const folder of TYPED_FOLDERS) installTools(folder);
  return check();
}

const SOURCES = ['electron', 'models', 'renderer', 'sync', 'build', 'test'];
const layers = (): number =>
  tool('depcruise', '--config', '.dependency-cruiser.cjs', ...SOURCES) ||
  run(process.execPath, [join(import.meta.dirname, 'folders.ts')]);
/** Type check by the native compiler. The root's `typescript` is TypeScript 6, used for its API. */
const types = (): number => run(toolProgram('build/types', 'tsc'), ['--noEmit', '-p', '.']);

function licences(): number {
  const lockfiles = LOCKED.map((folder) =>
    Lockfile.parse(JSON.parse(readFileSync(join(ROOT, folder, 'package-lock.json'), 'utf8'))),
  );
  return report('licences', licenceFaults(lockfiles, readAnswers(LicenceAnswers, 'licences')));
}

function secrets(): number {
  const findings = [...treeTexts(ROOT), ...historyTexts(ROOT)].flatMap(({ path, text }) => findSecrets(path, text));
  const { faults, stale } = secretFaults(findings, readAnswers(SecretAnswers, 'secrets'));
  for (const answer of stale) console.log(`secrets: the answer for ${answer} matches nothing here`);
  return report('secrets', faults);
}

function audit(): number {
  const reports: string[] = [];
  for (const folder of LOCKED) {
    const { stdout, error } = spawnSync('npm', ['audit', '--json', '--fetch-retries=0', '--fetch-timeout=20000'], {
      cwd: join(ROOT, folder),
      encoding: 'utf8',
      timeout: AUDIT_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
    reports.push(error ? error.message : stdout);
  }
  const today = new Date().toISOString().slice(0, 10);
  const verdict = judgeAudit(reports, readAnswers(AuditAnswers, 'audit'), today);
  if (!verdict.asked) {
    console.log(`NOT RUN: npm audit: ${verdict.why}. Nothing is known about vulnerable packages from this run.`);
    return 0;
  }
  for (const answer of verdict.stale) console.log(`audit: the answer for ${answer} matches nothing any more`);
  console.log(`audit: ${verdict.found} findings, ${verdict.faults.length} of them unanswered`);
  return report('audit', verdict.faults);
}

function report(check: string, faults: readonly string[]): number {
  for (const fault of faults) console.log(`${check}: ${fault}`);
  if (faults.length > 0) console.log(`Fix it, or answer for it in build/checks/${check}-answers.json.`);
  return faults.length > 0 ? 1 : 0;
}

const CHECKS: Readonly<Record<string, () => number>> = {
  lint: () => tool('biome', 'check', '--error-on-warnings', '.'),
  format: () => tool('biome', 'check', '--write', '.'),
  types: () => resolving(types),
  layers: () => resolving(layers),
  unused: () => resolving(() => tool('knip')),
  licences,
  secrets,
  audit,
};
const check = CHECKS[process.argv[2] ?? ''];
if (!check) console.log(`usage: node build/checks/run.ts ${Object.keys(CHECKS).join(' | ')}`);
process.exitCode = check ? check() : 2;

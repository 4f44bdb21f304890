import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuditAnswers, LicenceAnswers, readAnswers, SecretAnswers } from './answers.ts';
import { judgeAudit } from './audit.ts';
import { historyTexts, treeTexts } from './git-texts.ts';
import { Lockfile, licenceFaults } from './licences.ts';
import { findSecrets, secretFaults } from './secrets.ts';

/*
 * node build/checks/run.ts licences | secrets | audit: a part of `npm test` each. Exit 1 with what is wrong, a line each;
 * what is right, or could be answered for, is answered in the file beside this one.
 */

const ROOT = join(import.meta.dirname, '../..');
/** Well above what npm takes to ask and to give up. */
const AUDIT_MS = 60_000;

function licences(): number {
  const lockfile = Lockfile.parse(JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')));
  return report('licences', licenceFaults(lockfile, readAnswers(LicenceAnswers, 'licences')));
}

function secrets(): number {
  const findings = [...treeTexts(ROOT), ...historyTexts(ROOT)].flatMap(({ path, text }) => findSecrets(path, text));
  const { faults, stale } = secretFaults(findings, readAnswers(SecretAnswers, 'secrets'));
  for (const answer of stale) console.log(`secrets: the answer for ${answer} answers nothing here`);
  return report('secrets', faults);
}

function audit(): number {
  const { stdout, error } = spawnSync('npm', ['audit', '--json', '--fetch-retries=0', '--fetch-timeout=20000'], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: AUDIT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  const today = new Date().toISOString().slice(0, 10);
  const verdict = judgeAudit(error ? error.message : stdout, readAnswers(AuditAnswers, 'audit'), today);
  if (!verdict.asked) {
    console.log(`NOT ASKED: npm audit: ${verdict.why}. Nothing is known about vulnerable packages from this run.`);
    return 0;
  }
  for (const answer of verdict.stale) console.log(`audit: the answer for ${answer} answers nothing any more`);
  console.log(`audit: ${verdict.found} findings, ${verdict.faults.length} of them without an answer`);
  return report('audit', verdict.faults);
}

function report(check: string, faults: readonly string[]): number {
  for (const fault of faults) console.log(`${check}: ${fault}`);
  if (faults.length > 0) console.log(`Fix it, or answer for it in build/checks/${check}-answers.json.`);
  return faults.length > 0 ? 1 : 0;
}

const check = { licences, secrets, audit }[process.argv[2] ?? ''];
if (!check) console.log('usage: node build/checks/run.ts licences | secrets | audit');
process.exitCode = check ? check() : 2;

import type { Db } from '../../../platform/database/schema.ts';
import { listRuns } from '../../../platform/jobs/runs.ts';
import { type KioskPurge, kioskPurges } from './kiosks.ts';
import { type Rule, rulesOf } from './rules.ts';
import type { RuleReport } from './run.ts';
import type { RetentionSettings } from './settings.ts';

export interface RetentionState {
  readonly rules: readonly Rule[];
  readonly lastRun: { readonly at: string; readonly rules: readonly RuleReport[] } | null;
  readonly kiosks: readonly KioskPurge[];
}

/** The rules in force, what the last run did, and what kiosks have confirmed. */
export async function retentionState(db: Db, settings: RetentionSettings, now: Date): Promise<RetentionState> {
  const run = (await listRuns(db, { job: 'retention', limit: 20 })).find((r) => r.outcome === 'ok' && r.report);
  return {
    rules: rulesOf(settings),
    lastRun: run ? { at: run.startedAt, rules: run.report!.rules as RuleReport[] } : null,
    kiosks: await kioskPurges(db, settings, now),
  };
}

import type { z } from 'zod';
import type { Retention } from '../../../../protocol/api/retention.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { listRuns } from '../../../platform/jobs/runs.ts';
import { kioskPurges } from './kiosks.ts';
import { rulesOf } from './rules.ts';
import type { RuleReport } from './run.ts';
import type { RetentionSettings } from './settings.ts';

/** The rules in force, what the last run did, and what kiosks have confirmed. */
export async function retentionState(
  db: Db,
  settings: RetentionSettings,
  now: Date,
): Promise<z.output<typeof Retention>> {
  const run = (await listRuns(db, { job: 'retention', limit: 20 })).find((r) => r.outcome === 'ok' && r.report);
  return {
    rules: rulesOf(settings),
    lastRun: run ? { at: run.startedAt, rules: run.report!.rules as RuleReport[] } : null,
    kiosks: await kioskPurges(db, settings, now),
  };
}

import { command } from '../../../sync/disk/program.ts';
import type { UpgradeFacts } from '../../../sync/protocol/api/checks.ts';
import type { BuildFacts } from '../../../sync/server/app/checks/upgrade.ts';

/** What an update changes and whether it can be rolled back. Pure. */

const HOUR_MS = 3_600_000;
/** A backup older than this is too old to fall back on. */
const BACKUP_OLD_MS = 36 * HOUR_MS;
const VERIFIED_OLD_MS = 35 * 24 * HOUR_MS;

export interface UpgradePlan {
  readonly steps: readonly { readonly name: string; readonly expands: boolean }[];
  /** Whether the current build can use the schema afterwards: alongside the new one, and after `upgrade back`. */
  readonly canRollBack: boolean;
  /** Obstacles to updating now; empty if there are none. */
  readonly issues: readonly { readonly code: string; readonly says: string; readonly next: string }[];
}

/** @param o `needs`, `free`: bytes that the new build takes, and that are free at its destination */
export function planUpgrade(
  next: BuildFacts,
  now: UpgradeFacts,
  o: { readonly needs: number; readonly free: number; readonly at: number },
): UpgradePlan {
  const steps = next.migrations.filter(({ name }) => !now.applied.includes(name));
  const canRollBack = steps.every(({ expands }) => expands);
  const issues: { code: string; says: string; next: string }[] = [];
  if (!canWorkWith(next, now))
    issues.push({
      code: 'database-newer',
      says: 'The database has the schema of a newer build, which this one can’t work with.',
      next: 'Choose that version or a later one.',
    });
  if (o.free < o.needs)
    issues.push({
      code: 'disk-low',
      says: `The new build needs ${mib(o.needs)}, but only ${mib(o.free)} are free.`,
      next: 'Remove versions you no longer go back to, or use a larger disk.',
    });
  const age = (at: string | null) => (at === null ? Number.POSITIVE_INFINITY : o.at - Date.parse(at));
  if (age(now.backupAt) > BACKUP_OLD_MS)
    issues.push({
      code: now.backupAt === null ? 'backup-missing' : 'backup-old',
      says: 'There is no backup from the last 36 hours to fall back on.',
      next: `Run \`${command('backup run')}\`, then \`${command('backup verify')}\`.`,
    });
  else if (age(now.verifiedAt) > VERIFIED_OLD_MS)
    issues.push({
      code: 'backup-not-verified',
      says: 'No backup has been verified in the last 35 days.',
      next: `Run \`${command('backup verify')}\`.`,
    });
  const builds = new Set(now.replicas.map(({ build, schema }) => `${build} ${schema}`));
  if (builds.size > 1)
    issues.push({
      code: 'replicas-differ',
      says: 'Replicas are already running different builds.',
      next: 'Finish that update first.',
    });
  return { steps, canRollBack, issues };
}

/** Whether a build can use a database: it knows all steps, or it knows the minimum reader and all of its own were applied. */
export function canWorkWith(build: BuildFacts, schema: UpgradeFacts): boolean {
  if (!changedSince(build, schema)) return true;
  const { applied, leastReader } = schema;
  const known = build.migrations.map(({ name }) => name);
  return leastReader !== null && known.includes(leastReader) && known.every((name) => applied.includes(name));
}

/** Whether the schema has steps unknown to this build. It may be able to use them, but can't apply them to its own database. */
export function changedSince({ migrations }: BuildFacts, { applied }: UpgradeFacts): boolean {
  const known = new Set(migrations.map(({ name }) => name));
  return applied.some((name) => !known.has(name));
}

const mib = (bytes: number) => `${Math.ceil(bytes / 1024 / 1024)} MiB`;

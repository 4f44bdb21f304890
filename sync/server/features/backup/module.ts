import { sweepPhotoObjects, unreferencedObjects } from '../../core/photos/objects.ts';
import { SYSTEM } from '../../platform/audit/actor.ts';
import type { Job } from '../../platform/jobs/job.ts';
import type { ServerModule } from '../../platform/server-module.ts';
import { backupRoutes } from './routes.ts';
import { runBackup } from './run.ts';
import { withStore } from './store-of.ts';

const HOUR_MS = 3_600_000;

/** Everything, once a day. */
const backupJob: Job = {
  name: 'backup',
  everyMs: 24 * HOUR_MS,
  wanted: async ({ config }) => config.s3 !== null,
  run: ({ db, keys, config, now, signal }) =>
    withStore(config, async (store) => ({
      ...(await runBackup({
        db,
        keys,
        store,
        now,
        signal,
        actor: SYSTEM,
        keyringDays: config.retention.keyringBackupDays,
      })),
    })),
};

/** Objects of photos that are gone from the database: no matter who deleted them, every version goes. */
const photoObjectsJob: Job = {
  name: 'photo-objects',
  everyMs: HOUR_MS,
  wanted: async ({ db, config }) => config.s3 !== null && (await unreferencedObjects(db, 1)).length > 0,
  run: ({ db, config, signal }) => withStore(config, (store) => sweepPhotoObjects(db, store, signal)),
};

export const backup: ServerModule = {
  endpoints: backupRoutes,
  jobs: [backupJob, photoObjectsJob],
  tables: { backup: { notPersonal: 'when backups were made; what they hold is a copy of this database' } },
};

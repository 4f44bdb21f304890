import * as api from '../../../protocol/api/backups.ts';
import { sweepPhotoObjects, unreferencedObjects } from '../../core/photos/objects.ts';
import { type Before, implement, type Route } from '../../platform/access/route.ts';
import { SYSTEM } from '../../platform/audit/actor.ts';
import type { Job } from '../../platform/jobs/job.ts';
import type { ServerModule } from '../../platform/server-module.ts';
import { type BackupContext, rekeyBackups, runBackup } from './run.ts';
import { withStore } from './store-of.ts';
import { keepVerified, verifyBackup } from './verify.ts';

type Asked = Before<unknown, unknown, unknown>;

const withBackups = <T>({ services, actor }: Asked, work: (context: BackupContext) => Promise<T>): Promise<T> => {
  const { db, keys, config, now, progress } = services;
  const { keyringBackupDays: keyringDays } = config.retention;
  return withStore(config, (store) =>
    work({ db, keys, store, now, actor, keyringDays, ...(progress && { progress }) }),
  );
};

/** Endpoints that also need the database, in their own transactions. For the others see app/backup-environment.ts. */
const backupRoutes: readonly Route[] = [
  implement(api.makeBackup, { before: (o) => withBackups(o, runBackup), handle: async ({ prepared }) => prepared }),
  implement(api.rekeyBackups, {
    before: (o) => withBackups(o, rekeyBackups),
    handle: async ({ prepared }) => prepared,
  }),
  implement(api.verifyBackupPhotos, {
    before: (o) =>
      withBackups(o, ({ progress, ...context }) =>
        verifyBackup(context, {
          wanted: o.params.backup,
          photos: true,
          thaw: { wait: false, tier: 'Standard', sleep: async () => undefined },
          ...(progress && { progress }),
        }),
      ),
    handle: async ({ prepared: { photos } }) => ({ photos }),
  }),
  implement(api.recordBackupVerified, ({ tx, now }) => keepVerified(tx, now)),
];

const HOUR_MS = 3_600_000;

/** Backs up everything once a day. */
const backupJob: Job = {
  name: 'backup',
  everyMs: 24 * HOUR_MS,
  needs: 'object-store',
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

/** Deletes every version of photo objects whose photos are no longer in the database, no matter why. */
const photoObjectsJob: Job = {
  name: 'photo-objects',
  everyMs: HOUR_MS,
  needs: 'object-store',
  wanted: async ({ db }) => (await unreferencedObjects(db, 1)).length > 0,
  run: ({ db, config, signal }) => withStore(config, (store) => sweepPhotoObjects(db, store, signal)),
};

export const backup: ServerModule = {
  endpoints: backupRoutes,
  jobs: [backupJob, photoObjectsJob],
  tables: { backup: { notPersonal: 'when backups were made; what they hold is a copy of this database' } },
};

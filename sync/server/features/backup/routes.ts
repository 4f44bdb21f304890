import * as api from '../../../protocol/api/backups.ts';
import { type Before, implement, type Route } from '../../platform/access/route.ts';
import type { ObjectStore } from '../../platform/objects/store.ts';
import { rekeyBackups } from './rekey.ts';
import { type BackupContext, runBackup } from './run.ts';
import { withStore } from './store-of.ts';
import { keepVerified, verifyBackup } from './verify.ts';

type Asked = Before<unknown, unknown, unknown>;

const withBackups = <T>({ services, actor }: Asked, work: (context: BackupContext) => Promise<T>): Promise<T> => {
  const { db, keys, config, now, progress } = services;
  const keyringDays = config.retention.keyringBackupDays;
  const contextOf = (store: ObjectStore) => ({
    db,
    keys,
    store,
    now,
    actor,
    keyringDays,
    ...(progress && { progress }),
  });
  return withStore(config, (store) => work(contextOf(store)));
};

/** What needs the database beside the object store, in transactions of its own; the rest: app/backup-environment.ts. */
export const backupRoutes: readonly Route[] = [
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

import { z } from 'zod';
import { type OperatorContext, operation } from '../../core/operator/operation.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { isBackupId } from '../../platform/objects/sealed/layout.ts';
import type { ObjectStore } from '../../platform/objects/store.ts';
import { rekeyBackups } from './rekey.ts';
import { type BackupContext, runBackup } from './run.ts';
import { withStore } from './store-of.ts';
import { keepVerified, verifyBackup } from './verify.ts';

const OPERATOR: Actor = { role: 'operator', id: null, email: null, ip: null, userAgent: null };
const Id = z.string().refine(isBackupId, 'must be the id of a backup, as `backup list` shows it');

const contextOf = ({ db, keys, config, now, progress }: OperatorContext, store: ObjectStore): BackupContext => ({
  db,
  keys,
  store,
  now,
  actor: OPERATOR,
  keyringDays: config.retention.keyringBackupDays,
  ...(progress && { progress }),
});

/** What needs the database beside the object store; the rest: environment.ts. */
export const backupOperations = {
  'backup run': operation({
    args: z.strictObject({}),
    run: (context) => withStore(context.config, (store) => runBackup(contextOf(context, store))),
  }),
  'backup rekey': operation({
    args: z.strictObject({}),
    run: (context) => withStore(context.config, (store) => rekeyBackups(contextOf(context, store))),
  }),
  'backup verify photos': operation({
    args: z.strictObject({ backup: Id.nullable().default(null) }),
    run: ({ db, keys, config, progress }, { backup }) =>
      withStore(config, (store) =>
        verifyBackup(
          { db, store, keys },
          {
            wanted: backup,
            photos: true,
            thaw: { wait: false, tier: 'Standard', sleep: async () => undefined },
            ...(progress && { progress }),
          },
        ),
      ),
  }),
  'backup verified': operation({
    args: z.strictObject({}),
    run: ({ db, now }) => keepVerified(db, now()),
  }),
} as const;

import type { ServerModule } from '../../platform/server-module.ts';
import { backupJob, photoObjectsJob } from './backup.job.ts';

export const backup: ServerModule = {
  jobs: [backupJob, photoObjectsJob],
  tables: { backup: { notPersonal: 'when backups were made; what they hold is a copy of this database' } },
};

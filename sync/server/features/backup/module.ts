import type { ServerModule } from '../../platform/server-module.ts';
import { backupJob, photoObjectsJob } from './backup.job.ts';
import { backupRoutes } from './routes.ts';

export const backup: ServerModule = {
  endpoints: backupRoutes,
  jobs: [backupJob, photoObjectsJob],
  tables: { backup: { notPersonal: 'when backups were made; what they hold is a copy of this database' } },
};

import type { ServerModule } from '../../platform/server-module.ts';
import { webhookRoutes } from './routes.ts';
import { webhookPlace } from './store.ts';
import { webhooksEndJob, webhooksJob } from './webhooks.job.ts';

export const webhooks: ServerModule = {
  endpoints: webhookRoutes,
  jobs: [webhooksJob, webhooksEndJob],
  tables: {
    webhook: {
      sealed: {
        by: 'environment',
        reads: ['row_version'],
        columns: { sealed: (cell) => webhookPlace(cell('id'), Number(cell('row_version'))) },
      },
      notPersonal: 'receivers of records, which name nobody',
    },
    webhook_delivery: {
      notPersonal: 'which record was sent to which receiver, by the record’s id; who received it is in the accesses',
    },
    webhook_cursor: { notPersonal: 'how far records were looked through' },
  },
};

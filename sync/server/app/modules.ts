import { accounts } from '../core/accounts/module.ts';
import { consents } from '../core/consents/module.ts';
import { credentials } from '../core/credentials/module.ts';
import { devices } from '../core/devices/module.ts';
import { lookalikes } from '../core/lookalikes/module.ts';
import { people } from '../core/people/module.ts';
import { photos } from '../core/photos/module.ts';
import { sites } from '../core/sites/module.ts';
import { staff } from '../core/staff/module.ts';
import { templates } from '../core/templates/module.ts';
import { attendance } from '../features/attendance/module.ts';
import { attention } from '../features/attention/module.ts';
import { audit } from '../features/audit/module.ts';
import { backup } from '../features/backup/module.ts';
import { demo } from '../features/demo/module.ts';
import { embedders } from '../features/embedders/module.ts';
import { enrolment } from '../features/enrolment/module.ts';
import { fleet } from '../features/fleet/module.ts';
import { portal } from '../features/portal/module.ts';
import { privacy } from '../features/privacy/module.ts';
import { reenrolment } from '../features/reenrolment/module.ts';
import { reports } from '../features/reports/module.ts';
import { webhooks } from '../features/webhooks/module.ts';
import { platform } from '../platform/module.ts';
import type { ServerModule } from '../platform/server-module.ts';
import { serverAttention } from './checks/attention.ts';
import { checkRoutes } from './checks/routes.ts';
import { ingest } from './ingest/module.ts';
import { jobRoutes } from './jobs/routes.ts';
import { keyRotationRoutes } from './key-rotation/routes.ts';
import { policyForKiosks } from './kiosk-policy.ts';
import { liveRoutes } from './live/routes.ts';
import { brokerRoutes } from './mqtt/routes.ts';
import { serverKeyRoutes } from './server-keys.ts';

const app: ServerModule = {
  endpoints: [...jobRoutes, ...liveRoutes, ...checkRoutes, ...keyRotationRoutes, ...serverKeyRoutes, ...brokerRoutes],
  kioskChanges: {
    policy: {
      state: async ({ source: { db }, scope }) => ({ kind: 'policy', policy: await policyForKiosks(db, scope) }),
    },
  },
  attention: { server: serverAttention },
  tables: {
    broker_replica: { notPersonal: 'names of servers' },
    server_finding: { notPersonal: 'how servers are' },
  },
};

/**
 * Every module of the server. Tables are merged and erased in this order, and merging depends on it: pairs of lookalikes are
 * moved while both people have sites, a minor's state is computed from the kept person's sites after those were merged, and
 * scores are moved after templates, which are moved with consents. Batches of events are taken in reverse order.
 */
export const MODULES: readonly ServerModule[] = [
  platform,
  sites,
  devices,
  staff,
  accounts,
  lookalikes,
  people,
  consents,
  templates,
  credentials,
  photos,
  attention,
  audit,
  backup,
  demo,
  embedders,
  enrolment,
  fleet,
  portal,
  privacy,
  reenrolment,
  reports,
  attendance,
  webhooks,
  ingest,
  app,
];

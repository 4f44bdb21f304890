import { accountRoutes } from '../core/accounts/routes.ts';
import { sessionRoutes } from '../core/accounts/session-routes.ts';
import { minorRoutes } from '../core/consents/minors/routes.ts';
import { consentRoutes } from '../core/consents/routes.ts';
import { pinCodeRoutes } from '../core/credentials/pin-codes/routes.ts';
import { credentialRoutes } from '../core/credentials/routes.ts';
import { deviceRoutes } from '../core/devices/routes.ts';
import { lookalikeRoutes } from '../core/lookalikes/routes.ts';
import { peopleRoutes } from '../core/people/routes.ts';
import { siteRoutes } from '../core/sites/routes.ts';
import { staffRoutes } from '../core/staff/routes.ts';
import { templateRoutes } from '../core/templates/routes.ts';
import { complaintRoutes } from '../features/attendance/complaints/routes.ts';
import { correctionRoutes } from '../features/attendance/corrections/routes.ts';
import { attendanceRoutes } from '../features/attendance/routes.ts';
import { attentionRoutes } from '../features/attention/routes.ts';
import { auditRoutes } from '../features/audit/routes.ts';
import { importRoutes } from '../features/enrolment/imports/routes.ts';
import { enrolmentRoutes } from '../features/enrolment/routes.ts';
import { rolloutRoutes } from '../features/fleet/rollout/routes.ts';
import { fleetRoutes } from '../features/fleet/routes.ts';
import { portalRoutes } from '../features/portal/routes.ts';
import { complianceRoutes } from '../features/privacy/compliance/routes.ts';
import { erasureRoutes } from '../features/privacy/erasure/routes.ts';
import { incidentRoutes } from '../features/privacy/incidents/routes.ts';
import { retentionRoutes } from '../features/privacy/retention/routes.ts';
import { exportRoutes } from '../features/reports/exports/routes.ts';
import { presenceRoutes } from '../features/reports/presence/routes.ts';
import { reportRoutes } from '../features/reports/routes.ts';
import { statsRoutes } from '../features/reports/stats/routes.ts';
import { webhookRoutes } from '../features/webhooks/routes.ts';
import type { Route } from '../platform/access/route.ts';
import { quarantineRoutes } from './ingest/routes.ts';
import { jobRoutes } from './jobs/routes.ts';
import { liveRoutes } from './live/routes.ts';

/** Every route of the people listener. Add yours here: one import and one line. */
export const ALL_ROUTES: readonly Route[] = [
  ...sessionRoutes,
  ...accountRoutes,
  ...auditRoutes,
  ...liveRoutes,
  ...lookalikeRoutes,
  ...jobRoutes,
  ...importRoutes,
  ...incidentRoutes,
  ...complianceRoutes,
  ...enrolmentRoutes,
  ...erasureRoutes,
  ...retentionRoutes,
  ...attendanceRoutes,
  ...attentionRoutes,
  ...complaintRoutes,
  ...consentRoutes,
  ...correctionRoutes,
  ...credentialRoutes,
  ...deviceRoutes,
  ...fleetRoutes,
  ...peopleRoutes,
  ...minorRoutes,
  ...templateRoutes,
  ...pinCodeRoutes,
  ...quarantineRoutes,
  ...presenceRoutes,
  ...reportRoutes,
  ...siteRoutes,
  ...statsRoutes,
  ...exportRoutes,
  ...portalRoutes,
  ...webhookRoutes,
  ...rolloutRoutes,
  ...staffRoutes,
];

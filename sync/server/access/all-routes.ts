import { accountRoutes } from '../accounts/routes.ts';
import { attendanceRoutes } from '../attendance/routes.ts';
import { attentionRoutes } from '../attention/routes.ts';
import { auditRoutes } from '../audit/routes.ts';
import { templateRoutes } from '../changes/template-routes.ts';
import { complaintRoutes } from '../complaints/routes.ts';
import { complianceRoutes } from '../compliance/routes.ts';
import { consentRoutes } from '../consents/routes.ts';
import { correctionRoutes } from '../corrections/routes.ts';
import { credentialRoutes } from '../credentials/routes.ts';
import { deviceRoutes } from '../devices/routes.ts';
import { enrolmentRoutes } from '../enrolment/routes.ts';
import { erasureRoutes } from '../erasure/routes.ts';
import { exportRoutes } from '../exports/routes.ts';
import { fleetRoutes } from '../fleet/routes.ts';
import { importRoutes } from '../imports/routes.ts';
import { incidentRoutes } from '../incidents/routes.ts';
import { quarantineRoutes } from '../ingest/routes.ts';
import { jobRoutes } from '../jobs/routes.ts';
import { liveRoutes } from '../live/routes.ts';
import { lookalikeRoutes } from '../lookalikes/routes.ts';
import { minorRoutes } from '../minors/routes.ts';
import { peopleRoutes } from '../people/routes.ts';
import { pinCodeRoutes } from '../pin-codes/routes.ts';
import { portalRoutes } from '../portal/routes.ts';
import { presenceRoutes } from '../presence/routes.ts';
import { reportRoutes } from '../reports/routes.ts';
import { retentionRoutes } from '../retention/routes.ts';
import { rolloutRoutes } from '../rollout/routes.ts';
import { siteRoutes } from '../sites/routes.ts';
import { staffRoutes } from '../staff/routes.ts';
import { statsRoutes } from '../stats/routes.ts';
import { webhookRoutes } from '../webhooks/routes.ts';
import type { RouteSpec } from './route.ts';
import { sessionRoutes } from './routes.ts';

/** Every route of the people listener. Add yours here: one import and one line. */
export const ALL_ROUTES: readonly RouteSpec[] = [
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

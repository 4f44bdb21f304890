import { leftoversJob } from '../../core/accounts/leftovers.job.ts';
import { minorsJob } from '../../core/consents/minors/minors.job.ts';
import { backupJob, photoObjectsJob } from '../../features/backup/backup.job.ts';
import { embeddersJob } from '../../features/embedders/embedders.job.ts';
import { importsEndJob, importsJob } from '../../features/enrolment/imports/imports.job.ts';
import { fleetAlertsJob, fleetJob } from '../../features/fleet/fleet.job.ts';
import { rolloutsJob } from '../../features/fleet/rollout/rollouts.job.ts';
import { erasureJob } from '../../features/privacy/erasure/erasure.job.ts';
import { tombstonesJob } from '../../features/privacy/erasure/tombstones.job.ts';
import { facesOffJob } from '../../features/privacy/retention/faces-off.ts';
import { retentionJob } from '../../features/privacy/retention/retention.job.ts';
import { kioskWatchJob } from '../../features/privacy/retention/watch.job.ts';
import { reenrolmentJob } from '../../features/reenrolment/reenrolment.job.ts';
import { forgottenEvacuationsJob } from '../../features/reports/presence/forgotten.job.ts';
import { webhooksEndJob, webhooksJob } from '../../features/webhooks/webhooks.job.ts';
import { auditAnchorJob } from '../../platform/audit/anchor.job.ts';
import { auditPurgeJob } from '../../platform/audit/purge.job.ts';
import type { Job } from '../../platform/jobs/job.ts';
import { runsJob } from '../../platform/jobs/runs.job.ts';

/** Every job of the server. Add yours here: one line. */
export const JOBS: readonly Job[] = [
  leftoversJob,
  auditAnchorJob,
  auditPurgeJob,
  runsJob,
  erasureJob,
  retentionJob,
  facesOffJob,
  backupJob,
  photoObjectsJob,
  tombstonesJob,
  kioskWatchJob,
  webhooksJob,
  webhooksEndJob,
  rolloutsJob,
  minorsJob,
  forgottenEvacuationsJob,
  importsJob,
  importsEndJob,
  reenrolmentJob,
  embeddersJob,
  fleetJob,
  fleetAlertsJob,
];

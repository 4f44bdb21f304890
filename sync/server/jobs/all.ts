import { leftoversJob } from '../accounts/leftovers.job.ts';
import { auditAnchorJob } from '../audit/anchor.job.ts';
import { auditPurgeJob } from '../audit/purge.job.ts';
import { backupJob, photoObjectsJob } from '../backup/backup.job.ts';
import { driftJob } from '../drift/drift.job.ts';
import { embeddersJob } from '../embedders/embedders.job.ts';
import { erasureJob } from '../erasure/erasure.job.ts';
import { tombstonesJob } from '../erasure/tombstones.job.ts';
import { fleetAlertsJob, fleetJob } from '../fleet/fleet.job.ts';
import { importsEndJob, importsJob } from '../imports/imports.job.ts';
import { minorsJob } from '../minors/minors.job.ts';
import { forgottenEvacuationsJob } from '../presence/forgotten.job.ts';
import { reenrolmentJob } from '../reenrolment/reenrolment.job.ts';
import { facesOffJob } from '../retention/faces-off.ts';
import { retentionJob } from '../retention/retention.job.ts';
import { kioskWatchJob } from '../retention/watch.job.ts';
import { rolloutsJob } from '../rollout/rollouts.job.ts';
import { webhooksEndJob, webhooksJob } from '../webhooks/webhooks.job.ts';
import type { Job } from './job.ts';
import { runsJob } from './runs.job.ts';

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
  driftJob,
  reenrolmentJob,
  embeddersJob,
  fleetJob,
  fleetAlertsJob,
];

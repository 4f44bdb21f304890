import { certificatesCheck } from './certificates.ts';
import { CHECK_FAILED, type Check, type Outcome } from './check.ts';
import {
  alertsCheck,
  auditAnchorCheck,
  backupsCheck,
  replicasCheck,
  reportMailsCheck,
  setUpCheck,
} from './installation.ts';
import { modelsCheck } from './models.ts';
import { clockCheck, databaseCheck, databaseSettingsCheck, diskCheck, keysCheck, quarantineCheck } from './process.ts';
import { brokerCheck, mailCheck, storeCheck } from './reach.ts';

/** Every check, in the order in which `doctor` prints them. The database's is first, since others need it. */
export const CHECKS: readonly Check[] = [
  databaseCheck,
  databaseSettingsCheck,
  keysCheck,
  clockCheck,
  diskCheck,
  modelsCheck,
  brokerCheck,
  storeCheck,
  mailCheck,
  reportMailsCheck,
  alertsCheck,
  certificatesCheck,
  backupsCheck,
  auditAnchorCheck,
  replicasCheck,
  quarantineCheck,
  setUpCheck,
];

/** Outcomes of all checks by code. */
export const OUTCOMES: Readonly<Record<string, Outcome>> = Object.assign(
  {},
  ...CHECKS.map(({ outcomes }) => outcomes),
  CHECK_FAILED,
);

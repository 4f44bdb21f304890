import { account } from './account.ts';
import { accounts } from './accounts.ts';
import { attendance } from './attendance.ts';
import { attention } from './attention.ts';
import { audit } from './audit.ts';
import { board } from './board.ts';
import { cards } from './cards.ts';
import { consents } from './consents.ts';
import { corrections } from './corrections.ts';
import { day } from './day.ts';
import { devices } from './devices.ts';
import { duplicates } from './duplicates.ts';
import { enrolFace } from './enrolFace.ts';
import { erasures } from './erasures.ts';
import { evacuation } from './evacuation.ts';
import { fleet } from './fleet.ts';
import { imports } from './imports.ts';
import { incidents } from './incidents.ts';
import { jobs } from './jobs.ts';
import { kioskStaff } from './kiosk-staff.ts';
import { lookalikes } from './lookalikes.ts';
import { people } from './people.ts';
import { pinCode } from './pinCode.ts';
import { presence } from './presence.ts';
import { problem } from './problem.ts';
import { quality } from './quality.ts';
import { records } from './records.ts';
import { retention } from './retention.ts';
import { rollouts } from './rollouts.ts';
import { serverChecks } from './server-checks.ts';
import { settings } from './settings.ts';
import { shell } from './shell.ts';
import { statistics } from './statistics.ts';
import { texts } from './texts.ts';
import { webhooks } from './webhooks.ts';
import { when } from './when.ts';

export const zh = {
  ...shell,
  ...records,
  when,
  attendance,
  corrections,
  day,
  evacuation,
  statistics,
  presence,
  account,
  board,
  problem,
  accounts,
  attention,
  audit,
  consents,
  devices,
  duplicates,
  enrolFace,
  erasures,
  fleet,
  imports,
  incidents,
  jobs,
  lookalikes,
  people,
  pinCode,
  quality,
  retention,
  rollouts,
  serverChecks,
  settings,
  texts,
  cards,
  kioskStaff,
  webhooks,
};

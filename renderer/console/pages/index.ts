import { accountPage } from './account.tsx';
import { accountsPage } from './accounts.tsx';
import { attendancePage } from './attendance.tsx';
import { attentionPage } from './attention.tsx';
import { auditPage } from './audit.tsx';
import { boardPage } from './board.tsx';
import { consentsPage, textsPage } from './consents.tsx';
import { correctionsPage } from './corrections.tsx';
import { dayPage } from './day.tsx';
import { devicesPage } from './devices.tsx';
import { duplicatesPage } from './duplicates.tsx';
import { erasuresPage } from './erasures.tsx';
import { evacuationPage } from './evacuation.tsx';
import { fleetPage } from './fleet.tsx';
import { importsPage } from './imports.tsx';
import { incidentsPage } from './incidents.tsx';
import { jobsPage } from './jobs.tsx';
import type { ConsolePage } from './page.ts';
import { peoplePage } from './people.tsx';
import { presencePage } from './presence.tsx';
import { retentionPage } from './retention.tsx';
import { rolloutsPage } from './rollouts.tsx';
import { settingsPage } from './settings.tsx';
import { statisticsPage } from './statistics.tsx';
import { webhooksPage } from './webhooks.tsx';

/** Every page, in the order of the rail. The first that a role may open is where it begins. */
export const PAGES: readonly ConsolePage[] = [
  boardPage,
  presencePage,
  evacuationPage,
  attentionPage,
  statisticsPage,
  attendancePage,
  dayPage,
  correctionsPage,
  peoplePage,
  duplicatesPage,
  importsPage,
  devicesPage,
  fleetPage,
  rolloutsPage,
  settingsPage,
  jobsPage,
  webhooksPage,
  accountsPage,
  consentsPage,
  textsPage,
  erasuresPage,
  retentionPage,
  auditPage,
  incidentsPage,
  accountPage,
];

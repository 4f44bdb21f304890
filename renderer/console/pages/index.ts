import type { ComponentType } from 'preact';
import type { PathOf } from '../../shared/i18n.ts';
import * as icons from '../../shared/icons.tsx';
import type { Key } from '../i18n.ts';
import type { PageProps } from '../parts/page.tsx';
import { OF_MACHINES } from '../parts/place-links.tsx';
import type { Role } from '../state/session.ts';
import { Account } from './account.tsx';
import { Accounts } from './accounts.tsx';
import { AlertsPage } from './alerts.tsx';
import { Attendance } from './attendance.tsx';
import { Attention, Waiting } from './attention.tsx';
import { AUDITORS, Audit, AuditOfOthers } from './audit.tsx';
import { Consents, Texts } from './consents.tsx';
import { Corrections } from './corrections.tsx';
import { Devices } from './devices.tsx';
import { Duplicates } from './duplicates.tsx';
import { Erasures } from './erasures.tsx';
import { EvacuationView } from './evacuation.tsx';
import { Fleet } from './fleet.tsx';
import { Home } from './home.tsx';
import { Imports } from './imports.tsx';
import { Incidents } from './incidents.tsx';
import { Jobs } from './jobs.tsx';
import { People } from './people.tsx';
import { PresenceView } from './presence.tsx';
import { Reports } from './reports.tsx';
import { RetentionView } from './retention.tsx';
import { Rollouts } from './rollouts.tsx';
import { Schedules } from './schedules.tsx';
import { Settings } from './settings.tsx';
import { Sites } from './sites.tsx';
import { Statistics } from './statistics.tsx';
import { Webhooks } from './webhooks.tsx';

/** The rail's sections in order. A section's pages are tabs; its name is the sentence `section.NAME`. */
export const SECTIONS = {
  home: icons.IconBoard,
  people: icons.IconPeople,
  attendance: icons.IconList,
  kiosks: icons.IconKiosk,
  reports: icons.IconChart,
  privacy: icons.IconShield,
  settings: icons.IconSettings,
  audit: icons.IconSearch,
  account: icons.IconKey,
} as const;

/** A page of the console: its component in a file here, its line below, and its sentences in all languages. */
export interface ConsolePage {
  /** Its address is `#/PATH`; its name is the sentence `PATH.nav`. */
  readonly path: PathOf<Key>;
  readonly section: keyof typeof SECTIONS;
  /** Roles that see it: those that may call the routes it reads. The server still decides what it contains. */
  readonly roles: readonly Role[];
  readonly View: ComponentType<PageProps>;
  /** Shown beside the section's name in the rail: the number of items waiting. */
  readonly Count?: ComponentType;
}

const EVERYBODY: readonly Role[] = ['admin', 'dpo', 'staff', 'auditor'];
/** Roles that see people by name. */
const OF_PEOPLE: readonly Role[] = ['admin', 'dpo', 'staff'];
/** Roles that manage people's records. */
const OF_RECORDS: readonly Role[] = ['admin', 'staff'];
/** Roles that are accountable for operation. */
const OVERSIGHT: readonly Role[] = ['admin', 'dpo', 'auditor'];

/** All pages, in the order of rail and tabs; one per role and path. A role starts on the first page it may open. */
export const PAGES: readonly ConsolePage[] = [
  { path: 'home', section: 'home', roles: EVERYBODY, View: Home },
  { path: 'attention', section: 'home', roles: OF_PEOPLE, View: Attention, Count: Waiting },
  { path: 'people', section: 'people', roles: OF_PEOPLE, View: People },
  { path: 'duplicates', section: 'people', roles: OF_RECORDS, View: Duplicates },
  { path: 'imports', section: 'people', roles: OF_RECORDS, View: Imports },
  { path: 'attendance', section: 'attendance', roles: OF_PEOPLE, View: Attendance },
  { path: 'presence', section: 'attendance', roles: OF_PEOPLE, View: PresenceView },
  { path: 'corrections', section: 'attendance', roles: OF_PEOPLE, View: Corrections },
  { path: 'evacuation', section: 'attendance', roles: OF_PEOPLE, View: EvacuationView },
  { path: 'devices', section: 'kiosks', roles: EVERYBODY, View: Devices },
  { path: 'fleet', section: 'kiosks', roles: OF_MACHINES, View: Fleet },
  { path: 'sites', section: 'kiosks', roles: EVERYBODY, View: Sites },
  { path: 'rollouts', section: 'kiosks', roles: OF_MACHINES, View: Rollouts },
  { path: 'reports', section: 'reports', roles: OF_PEOPLE, View: Reports },
  { path: 'statistics', section: 'reports', roles: EVERYBODY, View: Statistics },
  { path: 'schedules', section: 'reports', roles: OF_PEOPLE, View: Schedules },
  { path: 'consents', section: 'privacy', roles: OF_PEOPLE, View: Consents },
  { path: 'texts', section: 'privacy', roles: EVERYBODY, View: Texts },
  { path: 'erasures', section: 'privacy', roles: OVERSIGHT, View: Erasures },
  { path: 'retention', section: 'privacy', roles: OVERSIGHT, View: RetentionView },
  { path: 'incidents', section: 'privacy', roles: OVERSIGHT, View: Incidents },
  { path: 'settings', section: 'settings', roles: OVERSIGHT, View: Settings },
  { path: 'accounts', section: 'settings', roles: OVERSIGHT, View: Accounts },
  { path: 'webhooks', section: 'settings', roles: OVERSIGHT, View: Webhooks },
  { path: 'jobs', section: 'settings', roles: OVERSIGHT, View: Jobs },
  { path: 'audit', section: 'settings', roles: ['admin'], View: AuditOfOthers },
  { path: 'audit', section: 'audit', roles: AUDITORS, View: Audit },
  { path: 'account', section: 'account', roles: EVERYBODY, View: Account },
  { path: 'alerts', section: 'account', roles: OF_PEOPLE, View: AlertsPage },
];

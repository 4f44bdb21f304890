import type { ComponentType } from 'preact';
import type { PathOf } from '../../shared/i18n.ts';
import * as icons from '../../shared/icons.tsx';
import type { Key } from '../i18n.ts';
import type { PageProps } from '../parts/page.tsx';
import type { Role } from '../state/session.ts';
import { Account } from './account.tsx';
import { Accounts } from './accounts.tsx';
import { Attendance } from './attendance.tsx';
import { Attention, Waiting } from './attention.tsx';
import { AUDITORS, Audit } from './audit.tsx';
import { Board } from './board.tsx';
import { Consents, Texts } from './consents.tsx';
import { Corrections } from './corrections.tsx';
import { Day } from './day.tsx';
import { Devices } from './devices.tsx';
import { Duplicates } from './duplicates.tsx';
import { Erasures } from './erasures.tsx';
import { EvacuationView } from './evacuation.tsx';
import { Fleet } from './fleet.tsx';
import { Imports } from './imports.tsx';
import { Incidents } from './incidents.tsx';
import { Jobs } from './jobs.tsx';
import { People } from './people.tsx';
import { PresenceView } from './presence.tsx';
import { RetentionView } from './retention.tsx';
import { Rollouts } from './rollouts.tsx';
import { Settings } from './settings.tsx';
import { Statistics } from './statistics.tsx';
import { Webhooks } from './webhooks.tsx';

/** Headings of the rail, in their order. */
export const GROUPS = ['now', 'attendance', 'people', 'running', 'privacy', 'own'] as const;

/** A page of the console: its component in a file here, its line below, and its sentences in every language. */
export interface ConsolePage {
  /** Its address is `#/PATH`; its name is the sentence `PATH.nav`. */
  readonly path: PathOf<Key>;
  readonly group: (typeof GROUPS)[number];
  readonly Icon: ComponentType;
  /** Whose rail has it: the roles of the routes that it reads. What is in it is the server's to refuse. */
  readonly roles: readonly Role[];
  readonly View: ComponentType<PageProps>;
  /** Stands beside its name in the rail: how much waits there. */
  readonly Count?: ComponentType;
}

const EVERYBODY: readonly Role[] = ['admin', 'dpo', 'staff', 'auditor'];
/** Who may see people by name. */
const OF_PEOPLE: readonly Role[] = ['admin', 'dpo', 'staff'];
/** Who keeps people's records. */
const OF_RECORDS: readonly Role[] = ['admin', 'staff'];
/** Who answers for how it is run. */
const OVERSIGHT: readonly Role[] = ['admin', 'dpo', 'auditor'];
const OF_MACHINES: readonly Role[] = ['admin', 'auditor'];

/** Every page, in the order of the rail. The first that a role may open is where it begins. */
export const PAGES: readonly ConsolePage[] = [
  { path: 'board', group: 'now', Icon: icons.IconBoard, roles: EVERYBODY, View: Board },
  { path: 'presence', group: 'now', Icon: icons.IconPeople, roles: OF_PEOPLE, View: PresenceView },
  { path: 'evacuation', group: 'now', Icon: icons.IconExit, roles: OF_PEOPLE, View: EvacuationView },
  {
    path: 'attention',
    group: 'now',
    Icon: icons.IconAlert,
    roles: OF_PEOPLE,
    View: Attention,
    Count: Waiting,
  },
  { path: 'statistics', group: 'now', Icon: icons.IconChart, roles: EVERYBODY, View: Statistics },
  { path: 'attendance', group: 'attendance', Icon: icons.IconList, roles: OF_PEOPLE, View: Attendance },
  { path: 'day', group: 'attendance', Icon: icons.IconCalendar, roles: OF_PEOPLE, View: Day },
  { path: 'corrections', group: 'attendance', Icon: icons.IconRepair, roles: OF_PEOPLE, View: Corrections },
  { path: 'people', group: 'people', Icon: icons.IconPeople, roles: OF_PEOPLE, View: People },
  { path: 'duplicates', group: 'people', Icon: icons.IconRepeat, roles: OF_RECORDS, View: Duplicates },
  { path: 'imports', group: 'people', Icon: icons.IconAddPerson, roles: OF_RECORDS, View: Imports },
  { path: 'devices', group: 'running', Icon: icons.IconKiosk, roles: EVERYBODY, View: Devices },
  { path: 'fleet', group: 'running', Icon: icons.IconFleet, roles: OF_MACHINES, View: Fleet },
  { path: 'rollouts', group: 'running', Icon: icons.IconRollout, roles: OF_MACHINES, View: Rollouts },
  { path: 'settings', group: 'running', Icon: icons.IconSettings, roles: OVERSIGHT, View: Settings },
  { path: 'jobs', group: 'running', Icon: icons.IconRepeat, roles: OVERSIGHT, View: Jobs },
  { path: 'webhooks', group: 'running', Icon: icons.IconExit, roles: OVERSIGHT, View: Webhooks },
  { path: 'accounts', group: 'running', Icon: icons.IconStaff, roles: OVERSIGHT, View: Accounts },
  { path: 'consents', group: 'privacy', Icon: icons.IconCheck, roles: OF_PEOPLE, View: Consents },
  { path: 'texts', group: 'privacy', Icon: icons.IconText, roles: EVERYBODY, View: Texts },
  { path: 'erasures', group: 'privacy', Icon: icons.IconErase, roles: OVERSIGHT, View: Erasures },
  { path: 'retention', group: 'privacy', Icon: icons.IconCalendar, roles: OVERSIGHT, View: RetentionView },
  { path: 'audit', group: 'privacy', Icon: icons.IconSearch, roles: AUDITORS, View: Audit },
  { path: 'incidents', group: 'privacy', Icon: icons.IconShield, roles: OVERSIGHT, View: Incidents },
  { path: 'account', group: 'own', Icon: icons.IconKey, roles: EVERYBODY, View: Account },
];

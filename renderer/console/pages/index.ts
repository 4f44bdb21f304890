import type { ComponentType } from 'preact';
import type { PathOf } from '../../shared/i18n.ts';
import {
  IconAddPerson,
  IconAlert,
  IconBoard,
  IconCalendar,
  IconChart,
  IconCheck,
  IconErase,
  IconExit,
  IconFleet,
  IconKey,
  IconKiosk,
  IconList,
  IconPeople,
  IconRepair,
  IconRepeat,
  IconRollout,
  IconSearch,
  IconSettings,
  IconShield,
  IconStaff,
  IconText,
} from '../../shared/icons.tsx';
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

/** Every page, in the order of the rail. The first that a role may open is where it begins. */
export const PAGES: readonly ConsolePage[] = [
  { path: 'board', group: 'now', Icon: IconBoard, roles: ['admin', 'dpo', 'staff', 'auditor'], View: Board },
  { path: 'presence', group: 'now', Icon: IconPeople, roles: ['admin', 'dpo', 'staff'], View: PresenceView },
  { path: 'evacuation', group: 'now', Icon: IconExit, roles: ['admin', 'dpo', 'staff'], View: EvacuationView },
  {
    path: 'attention',
    group: 'now',
    Icon: IconAlert,
    roles: ['admin', 'dpo', 'staff'],
    View: Attention,
    Count: Waiting,
  },
  { path: 'statistics', group: 'now', Icon: IconChart, roles: ['admin', 'dpo', 'staff', 'auditor'], View: Statistics },
  { path: 'attendance', group: 'attendance', Icon: IconList, roles: ['admin', 'dpo', 'staff'], View: Attendance },
  { path: 'day', group: 'attendance', Icon: IconCalendar, roles: ['admin', 'dpo', 'staff'], View: Day },
  { path: 'corrections', group: 'attendance', Icon: IconRepair, roles: ['admin', 'dpo', 'staff'], View: Corrections },
  { path: 'people', group: 'people', Icon: IconPeople, roles: ['admin', 'dpo', 'staff'], View: People },
  { path: 'duplicates', group: 'people', Icon: IconRepeat, roles: ['admin', 'staff'], View: Duplicates },
  { path: 'imports', group: 'people', Icon: IconAddPerson, roles: ['admin', 'staff'], View: Imports },
  { path: 'devices', group: 'running', Icon: IconKiosk, roles: ['admin', 'dpo', 'staff', 'auditor'], View: Devices },
  { path: 'fleet', group: 'running', Icon: IconFleet, roles: ['admin', 'auditor'], View: Fleet },
  { path: 'rollouts', group: 'running', Icon: IconRollout, roles: ['admin', 'auditor'], View: Rollouts },
  { path: 'settings', group: 'running', Icon: IconSettings, roles: ['admin', 'dpo', 'auditor'], View: Settings },
  { path: 'jobs', group: 'running', Icon: IconRepeat, roles: ['admin', 'dpo', 'auditor'], View: Jobs },
  { path: 'webhooks', group: 'running', Icon: IconExit, roles: ['admin', 'dpo', 'auditor'], View: Webhooks },
  { path: 'accounts', group: 'running', Icon: IconStaff, roles: ['admin', 'dpo', 'auditor'], View: Accounts },
  { path: 'consents', group: 'privacy', Icon: IconCheck, roles: ['admin', 'dpo', 'staff'], View: Consents },
  { path: 'texts', group: 'privacy', Icon: IconText, roles: ['admin', 'dpo', 'staff', 'auditor'], View: Texts },
  { path: 'erasures', group: 'privacy', Icon: IconErase, roles: ['admin', 'dpo', 'auditor'], View: Erasures },
  { path: 'retention', group: 'privacy', Icon: IconCalendar, roles: ['admin', 'dpo', 'auditor'], View: RetentionView },
  { path: 'audit', group: 'privacy', Icon: IconSearch, roles: AUDITORS, View: Audit },
  { path: 'incidents', group: 'privacy', Icon: IconShield, roles: ['admin', 'dpo', 'auditor'], View: Incidents },
  { path: 'account', group: 'own', Icon: IconKey, roles: ['admin', 'dpo', 'staff', 'auditor'], View: Account },
];

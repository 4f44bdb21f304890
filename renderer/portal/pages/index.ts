import type { ComponentType } from 'preact';
import type { MyProfile } from '../../../sync/protocol/api/portal.ts';
import type { PathOf } from '../../shared/i18n.ts';
import { IconCalendar, IconQr, IconShield, IconStaff } from '../../shared/icons.tsx';
import type { Key } from '../i18n.ts';
import { Code } from './code.tsx';
import { Profile } from './profile.tsx';
import { Records } from './records.tsx';
import { Rights } from './rights.tsx';

/** A page of the portal: its address is `#/PATH`, its name the sentence `PATH.nav`. */
interface PortalPage {
  readonly path: PathOf<Key>;
  readonly Icon: ComponentType;
  readonly View: ComponentType<{ me: MyProfile }>;
}

/** In the order of the navigation bar; the first is the start page. */
export const PAGES: readonly PortalPage[] = [
  { path: 'code', Icon: IconQr, View: Code },
  { path: 'records', Icon: IconCalendar, View: Records },
  { path: 'profile', Icon: IconStaff, View: Profile },
  { path: 'rights', Icon: IconShield, View: Rights },
];

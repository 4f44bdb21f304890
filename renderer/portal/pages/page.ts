import type { ComponentType } from 'preact';
import type { MyProfile } from '../../../sync/protocol/api/portal.ts';
import type { PathOf } from '../../shared/i18n.ts';
import type { Key } from '../i18n.ts';

/** A page of the portal: its address is `#/PATH`, its name the sentence `PATH.nav`. */
export interface PortalPage {
  readonly path: PathOf<Key>;
  readonly Icon: ComponentType;
  readonly View: ComponentType<{ me: MyProfile }>;
}

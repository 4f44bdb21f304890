import type { ComponentType } from 'preact';
import type { MyProfile } from '../../../sync/protocol/api/portal.ts';

/** A page of the portal: its address is `#/PATH`, its name the sentence `PATH.nav`. */
export interface PortalPage {
  readonly path: string;
  readonly Icon: ComponentType;
  readonly View: ComponentType<{ me: MyProfile }>;
}

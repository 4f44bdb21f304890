import { codePage } from './code.tsx';
import type { PortalPage } from './page.ts';
import { profilePage } from './profile.tsx';
import { recordsPage } from './records.tsx';
import { rightsPage } from './rights.tsx';

/** In the order of the bar; the first is where it begins. */
export const PAGES: readonly PortalPage[] = [codePage, recordsPage, profilePage, rightsPage];

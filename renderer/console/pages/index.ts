import { accountPage } from './account.tsx';
import { boardPage } from './board.tsx';
import type { ConsolePage } from './page.ts';

/** Every page, in the order of the rail. The first that a role may open is where it begins. */
export const PAGES: readonly ConsolePage[] = [boardPage, accountPage];

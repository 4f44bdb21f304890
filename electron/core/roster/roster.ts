import type { ChangeSink, ChangesPage } from '../../../sync/edge/changes/change-poller.ts';
import type { Store } from '../store/interface.ts';
import type { RosterOutcome } from '../store/roster.ts';
import type { LiveLink } from '../sync/server-link.ts';
import type { PresenceBoard } from './presence.ts';

export interface RosterDeps {
  readonly store: { readonly roster: Pick<Store['roster'], 'cursor' | 'apply' | 'restart'> };
  readonly link: LiveLink;
  readonly presence: PresenceBoard;
  /** A page is durable: memory follows. */
  readonly applied: (outcome: RosterOutcome) => void;
  /** Further settings that belong into the transaction of a page. */
  readonly settings?: (outcome: RosterOutcome) => Readonly<Record<string, string>>;
}

/** Applies the server's pages to the store; keys that it pins change in the very transaction that moves the cursor. */
export function createRoster({ store, link, presence, applied, settings }: RosterDeps): ChangeSink {
  return {
    cursor: () => store.roster.cursor,
    presenceAfter: () => presence.newest(),
    restart: () => store.roster.restart(),
    async apply(page: ChangesPage) {
      let next = link.current;
      const outcome = await store.roster.apply(page, (result) => {
        next = result.keys ? link.withKeys(result.keys) : link.current;
        return { ...settings?.(result), ...(next === link.current ? {} : link.settingsOf(next)) };
      });
      link.adopt(next);
      presence.note(page.presence);
      for (const person of outcome.removedPeople) presence.forget(person);
      applied(outcome);
    },
  };
}

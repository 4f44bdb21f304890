import { Problem } from '../../../sync/errors/problem.ts';
import type { CoreMethods, LookalikeRow } from '../../contract/methods.ts';
import type { StaffService } from '../staff/service.ts';
import type { Store } from '../store/interface.ts';
import type { LookalikePair } from '../store/lookalikes.ts';
import { mayOverrule } from './duplicates.ts';
import { personRow } from './person-row.ts';

interface Deps {
  readonly store: Pick<Store, 'device' | 'lookalikes' | 'people' | 'settings'>;
  readonly staff: Pick<StaffService, 'require'>;
  /** Name of a member of staff; null if unknown here. */
  readonly nameOf: (member: string) => string | null;
  readonly changed: () => void;
}

type Methods = Pick<CoreMethods, 'lookalikeCount' | 'lookalikeList' | 'lookalikeRemove'>;

/** RFC 3339: pairs that the kiosk marked automatically up to then have been viewed. */
const SEEN = 'lookalikes-seen';

/** Pairs that a face alone can't distinguish, as staff see and remove them. */
export function createLookalikes({ store, staff, nameOf, changed }: Deps): Methods {
  const unseen = (pairs: readonly LookalikePair[]): number => {
    const seen = store.settings.get(SEEN) ?? '';
    return pairs.filter(({ reason, at }) => reason === 'not-me' && at > seen).length;
  };
  return {
    async lookalikeCount({ token }) {
      staff.require(token);
      const pairs = store.lookalikes.list();
      return { count: pairs.length, unseen: unseen(pairs) };
    },

    async lookalikeList({ token }) {
      staff.require(token);
      const pairs = store.lookalikes.list();
      const newest = pairs[0]?.at;
      if (newest !== undefined && unseen(pairs) > 0) store.settings.set(SEEN, newest);
      const rows = pairs.flatMap(({ people, reason, at, device, by }): LookalikeRow[] => {
        const known = people.flatMap((id) => store.people.get(id) ?? []).map(personRow);
        const where = device === null ? 'console' : device === store.device ? 'here' : 'kiosk';
        return known.length === 0 ? [] : [{ people: known, ids: [...people], reason, at, where, by: by && nameOf(by) }];
      });
      return { pairs: rows, mayRemove: mayOverrule(staff, token) };
    },

    async lookalikeRemove({ token, ids: [one, other] }) {
      if (!mayOverrule(staff, token)) throw new Problem('staff-not-allowed');
      if (!store.lookalikes.unmark(one, other, staff.require(token).actor)) throw new Problem('lookalikes-unknown');
      changed();
      return {};
    },
  };
}

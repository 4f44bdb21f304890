import type { Method } from '../../../sync/protocol/wire/event.ts';
import type { Receipt } from '../../contract/methods.ts';
import type { Person } from '../store/interface.ts';

/**
 * Records a check-in for a person who needs no face.
 *
 * @param o `direction`, `reason`: of a manual check-in; then a repeat within the window needs the same direction
 */
export type Admit = (
  person: Person,
  o: { readonly method: Method; readonly direction?: 'in' | 'out'; readonly reason?: string },
) => Promise<Receipt>;

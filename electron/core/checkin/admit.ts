import type { Method } from '../../../sync/protocol/wire/event.ts';
import type { Receipt } from '../../contract/methods.ts';
import type { Person } from '../store/interface.ts';

/**
 * Takes the record of someone who needs no face to check in.
 *
 * @param o `direction`, `reason`: of staff, by hand; then only the same direction within the window is one check-in
 */
export type Admit = (
  person: Person,
  o: { readonly method: Method; readonly direction?: 'in' | 'out'; readonly reason?: string },
) => Promise<Receipt>;

import type { Role } from '../state/session.ts';

export interface PageProps {
  /** Segments of the address behind the page's own. */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
  readonly role: Role;
}

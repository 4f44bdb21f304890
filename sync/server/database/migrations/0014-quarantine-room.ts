import { statements } from './statements.ts';

/** How much of a device lies in quarantine is bounded: what came beyond that, and is not kept. */
export const quarantineRoom = statements([
  // Why the content was never kept; null: it was, or had to go later, by an erasure or by its age.
  `alter table quarantine add column unkept text`,
  `create index quarantine_unkept on quarantine (received_at) where unkept is not null`,
  `create index quarantine_held on quarantine (device) where content is not null`,
]);

import { statements } from './statements.ts';

/** A picture that is being looked at when a list, or the people of one, come is looked at again. */
export const importLooks = statements([`alter table import_run add column looks integer not null default 0`]);

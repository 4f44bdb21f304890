import { statements } from './statements.ts';

/** Whom the files of an import are of, as a list beside them says. */
export const importMap = statements([`alter table import_run add column map bytea`]);

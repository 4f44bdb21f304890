import { statements } from './statements.ts';

/** Of a rotation that is finished: when the tables of the keyring were written anew without what the old keys still open. */
export const keyringScrub = statements([`alter table keyring.rotation add column scrubbed_at timestamptz`]);

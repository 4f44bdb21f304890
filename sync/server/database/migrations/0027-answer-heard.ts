import { statements } from './statements.ts';

/** The newest of our answers that a device said it has: an ask that names none newer is an old one, played again. */
export const answerHeard = statements(['alter table device add column answer_heard timestamptz']);

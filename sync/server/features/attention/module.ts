import { notePlace, openNotes } from '../../core/people/notes.ts';
import type { Reading } from '../../platform/my-data.ts';
import { deleteBy, type ServerModule, UNDER_EVERY_NAME } from '../../platform/server-module.ts';
import { attentionRoutes } from './routes.ts';

/** What someone in charge has noted about a record or a consent of theirs. */
async function* notes({ tx, keys, names }: Reading) {
  const rows = await tx
    .selectFrom('attention_note')
    .selectAll()
    .where('person', 'in', names)
    .orderBy('resolved_at')
    .execute();
  const opened = await openNotes(tx, keys, rows);
  for (const { kind, ref, resolved_at } of rows)
    yield { kind, about: ref, at: resolved_at.toISOString(), note: opened.get(`${kind} ${ref}`)?.note };
}

export const attention: ServerModule = {
  endpoints: attentionRoutes,
  tables: {
    attention_note: {
      sealed: {
        by: 'person-or-environment',
        id: { kind: 'text', ref: 'text' },
        columns: { note: (cell, person) => notePlace(cell('kind'), cell('ref'), person) },
      },
      exported: 'attention',
      merged: UNDER_EVERY_NAME,
      erased: deleteBy('person'),
    },
    server_finding: { notPersonal: 'how servers are' },
  },
  myData: { attention: notes },
};

import { Readable } from 'node:stream';
import { Problem } from '../../../../errors/problem.ts';
import * as api from '../../../../protocol/api/erasures.ts';
import { pageFrom, readIdCursor } from '../../../platform/access/cursor.ts';
import { type FileAnswer, implement, type Route } from '../../../platform/access/route.ts';
import { readSigningKeys } from '../../../platform/audit/statement.ts';
import { find } from '../../../platform/database/rows.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { certificateText, readCertificate } from './certificate.ts';
import { type ErasureSummary, erasureState, listErasures } from './read.ts';
import { requestErasure, undoErasure } from './request.ts';

const text = (date: Date | null) => date?.toISOString() ?? null;

const summaryOf = (e: ErasureSummary) => ({
  request: e.request,
  state: e.state,
  origin: e.origin,
  requestedAt: e.requestedAt.toISOString(),
  undoUntil: text(e.undoUntil),
  doneAt: text(e.doneAt),
  waitsFor: e.waitsFor,
});

/** Erasure as staff see it. A person's own way to it is their portal (features/portal/routes.ts). */
export const erasureRoutes: readonly Route[] = [
  implement(api.listErasures, async ({ tx, query: { cursor, limit, open } }) => {
    const before = readIdCursor(cursor) ?? undefined;
    const rows = await listErasures(tx, { open, before, limit: limit + 1 });
    return pageFrom(rows, limit, (e) => [e.request], summaryOf);
  }),
  implement(api.getErasure, async ({ tx, params, about, now }) => {
    const state = await erasureState(tx, params.request, now);
    if (!state) throw new Problem('erasure-unknown');
    if (state.person) about([state.person]);
    return {
      ...summaryOf(state),
      person: state.person,
      steps: state.steps.map((s) => ({ ...s, doneAt: text(s.doneAt), nextAt: text(s.nextAt) })),
      confirmed: state.confirmed.map((c) => ({ ...c, at: c.at.toISOString() })),
      open: state.open.map((o) => ({ ...o, lastHeardAt: text(o.lastHeardAt) })),
    };
  }),
  implement(api.requestErasure, async ({ tx, services, actor, body, about, on, now, notify }) => {
    about([body.person]);
    const made = await requestErasure(
      tx,
      services.keys,
      {
        person: body.person,
        origin: actor.role === 'operator' ? 'operator' : 'staff',
        undoDays: body.undoDays ?? services.config.retention.erasureUndoDays,
        mustExist: true,
      },
      now,
    );
    on(made.request);
    notify('change');
    return { request: made.request, undoUntil: text(made.undoUntil) };
  }),
  implement(api.undoErasure, async ({ tx, params, about, now }) => {
    const undone = await undoErasure(tx, params.request, now);
    about([undone.person]);
    return undone;
  }),
  implement(api.getErasureCertificate, ({ tx, params, query }) => certificateFile(tx, params.request, query.format)),
];

/**
 * The certificate of an erasure, verified against the server's signing keys, as a file.
 *
 * @throws Problem `erasure-unknown`, `erasure-not-complete`, `certificate-altered`
 */
async function certificateFile(db: Db, request: string, format: 'md' | 'jws'): Promise<FileAnswer> {
  const row = await find(db, 'erasure', { request, part_of: null }, ['state', 'certificate']);
  if (!row) throw new Problem('erasure-unknown');
  if (row.state !== 'done' || !row.certificate) throw new Problem('erasure-not-complete');
  const certificate = readCertificate(row.certificate, await readSigningKeys(db));
  if (!certificate) throw new Problem('certificate-altered');
  const content = format === 'jws' ? row.certificate : certificateText(certificate);
  return {
    file: Readable.from([content]),
    name: `erasure-${request}.${format}`,
    type: format === 'jws' ? 'application/jose' : 'text/markdown; charset=utf-8',
  };
}

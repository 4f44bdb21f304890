import { z } from 'zod';
import { Problem } from '../../../../errors/problem.ts';
import * as api from '../../../../protocol/api/erasures.ts';
import { Uuid } from '../../../../protocol/wire/event.ts';
import { readPageCursor, writePageCursor } from '../../../platform/access/cursor.ts';
import type { FileAnswer } from '../../../platform/access/route.ts';
import { implement, type Route } from '../../../platform/access/route.ts';
import { readSigningKeys } from '../../../platform/audit/statement.ts';
import { find } from '../../../platform/database/rows.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { type Certificate, certificateText, readCertificate } from './certificate.ts';
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
    const before = readPageCursor(z.tuple([Uuid]), cursor)?.[0];
    const rows = await listErasures(tx, { open, before, limit: limit + 1 });
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return {
      items: items.map(summaryOf),
      next: rows.length > limit && last ? writePageCursor([last.request]) : null,
    };
  }),
  implement(api.getErasure, async ({ tx, params, about, on, now }) => {
    on(params.request);
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
  implement(api.undoErasure, async ({ tx, params, about, on, now }) => {
    on(params.request);
    const undone = await undoErasure(tx, params.request, now);
    about([undone.person]);
    return undone;
  }),
  implement(api.getErasureCertificate, ({ tx, params, query, on }): Promise<FileAnswer> => {
    on(params.request);
    return certificateFile(tx, params.request, query.format);
  }),
];

/**
 * The certificate of an erasure, verified against the server's signing keys.
 *
 * @throws Problem `erasure-unknown`, `erasure-not-complete`, `certificate-altered`
 */
async function certificateOfRequest(
  db: Db,
  request: string,
): Promise<{ readonly signed: string; readonly certificate: Certificate }> {
  const row = await find(db, 'erasure', { request, part_of: null }, ['state', 'certificate']);
  if (!row) throw new Problem('erasure-unknown');
  if (row.state !== 'done' || !row.certificate) throw new Problem('erasure-not-complete');
  const certificate = readCertificate(row.certificate, await readSigningKeys(db));
  if (!certificate) throw new Problem('certificate-altered');
  return { signed: row.certificate, certificate };
}

/** As a file. @throws as `certificateOfRequest` */
async function certificateFile(db: Db, request: string, format: 'md' | 'jws'): Promise<FileAnswer> {
  const { signed, certificate } = await certificateOfRequest(db, request);
  const content = format === 'jws' ? signed : certificateText(certificate);
  return {
    file: once(content),
    name: `erasure-${request}.${format}`,
    type: format === 'jws' ? 'application/jose' : 'text/markdown; charset=utf-8',
  };
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}

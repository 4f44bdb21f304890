import { z } from 'zod';
import {
  CertificateQuery,
  Erasure,
  ErasureList,
  ErasureQuery,
  ErasureRequested,
  ErasureUndone,
  NewErasure,
} from '../../../../protocol/api/erasures.ts';
import { Uuid } from '../../../../protocol/wire/event.ts';
import { readPageCursor, writePageCursor } from '../../../platform/access/cursor.ts';
import { type FileAnswer, type RouteSpec, route } from '../../../platform/access/route.ts';
import { certificateFile } from './answer.ts';
import { type ErasureSummary, erasureState, listErasures } from './read.ts';
import { erasureUnknown, requestErasure, undoErasure } from './request.ts';

const One = z.strictObject({ request: Uuid });
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

const list = route({
  method: 'GET',
  path: '/api/erasures',
  summary: 'Requests for erasure, newest first',
  roles: ['admin', 'dpo', 'auditor'],
  data: [],
  action: 'read',
  query: ErasureQuery,
  answer: ErasureList,
  async handle({ tx, query: { cursor, limit, open } }) {
    const before = readPageCursor(z.tuple([Uuid]), cursor)?.[0];
    const rows = await listErasures(tx, { open, before, limit: limit + 1 });
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return {
      items: items.map(summaryOf),
      next: rows.length > limit && last ? writePageCursor([last.request]) : null,
    };
  },
});

const show = route({
  method: 'GET',
  path: '/api/erasures/:request',
  summary: 'How far an erasure has got, and which kiosks have confirmed it',
  roles: ['admin', 'dpo', 'auditor'],
  data: ['person.erasure'],
  action: 'read',
  params: One,
  answer: Erasure,
  errors: ['erasure-unknown'],
  async handle({ tx, params, about, on, now }) {
    on(params.request);
    const state = await erasureState(tx, params.request, now);
    if (!state) throw erasureUnknown();
    if (state.person) about([state.person]);
    return {
      ...summaryOf(state),
      person: state.person,
      steps: state.steps.map((s) => ({ ...s, doneAt: text(s.doneAt), nextAt: text(s.nextAt) })),
      confirmed: state.confirmed.map((c) => ({ ...c, at: c.at.toISOString() })),
      open: state.open.map((o) => ({ ...o, lastHeardAt: text(o.lastHeardAt) })),
    };
  },
});

const create = route({
  method: 'POST',
  path: '/api/erasures',
  summary: 'Ask for a person’s erasure: templates go at once, the rest when it can not be taken back any more',
  roles: ['admin', 'dpo'],
  data: ['person', 'template', 'photo', 'checkin'],
  action: 'delete',
  body: NewErasure,
  answer: ErasureRequested,
  errors: ['person-unknown'],
  async handle({ tx, services, body, about, on, now, notify }) {
    about([body.person]);
    const made = await requestErasure(
      tx,
      services.keys,
      {
        person: body.person,
        origin: 'staff',
        undoDays: body.undoDays ?? services.config.retention.erasureUndoDays,
        mustExist: true,
      },
      now,
    );
    on(made.request);
    notify('change');
    return { request: made.request, undoUntil: text(made.undoUntil) };
  },
});

const undo = route({
  method: 'POST',
  path: '/api/erasures/:request/undo',
  summary: 'Take a request back while that is possible; the person enrols their face again',
  roles: ['admin', 'dpo'],
  data: ['person.erasure'],
  action: 'write',
  params: One,
  answer: ErasureUndone,
  errors: ['erasure-unknown', 'erasure-under-way'],
  async handle({ tx, params, about, on, now }) {
    on(params.request);
    const undone = await undoErasure(tx, params.request, now);
    about([undone.person]);
    return undone;
  },
});

const certificate = route({
  method: 'GET',
  path: '/api/erasures/:request/certificate',
  summary: 'The certificate of an erasure that is complete: Markdown, or signed',
  roles: ['admin', 'dpo', 'auditor'],
  data: [],
  action: 'read',
  params: One,
  query: CertificateQuery,
  answer: 'file',
  errors: ['erasure-unknown', 'erasure-not-complete'],
  handle: ({ tx, params, query, on }): Promise<FileAnswer> => {
    on(params.request);
    return certificateFile(tx, params.request, query.format);
  },
});

/** Erasure as staff see it. A person's own way to it is their portal (features/portal/routes.ts). */
export const erasureRoutes: readonly RouteSpec[] = [list, show, create, undo, certificate];

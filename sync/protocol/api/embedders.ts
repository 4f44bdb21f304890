import { z } from 'zod';
import { Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';

/** `/api/embedders`: the models that make templates of faces, and moving to another one. */

export const EmbedderMove = z.strictObject({
  id: Uuid,
  from: z.string(),
  to: z.string(),
  state: z.enum(['working', 'ready', 'switched', 'done', 'cancelled']),
  /** People whose templates were remade, who have to be re-enrolled, and who have not been processed yet. */
  moved: z.number().int(),
  reenrol: z.number().int(),
  left: z.number().int(),
});

const move = { roles: ['operator'], data: ['template'] } as const;

export const listEmbedders = endpoint('GET /api/embedders', {
  summary: 'List the embedders that this server may load, and the current one',
  roles: ['operator'],
  data: [],
  answer: z.strictObject({
    present: z.string(),
    embedders: z.array(z.strictObject({ id: z.string(), provenance: z.string() })),
  }),
});

export const getEmbedderMove = endpoint('GET /api/embedders/move', {
  ...move,
  summary: 'Show the progress of the newest move to another embedder; null if there was none',
  data: [],
  answer: EmbedderMove.nullable(),
});

export const beginEmbedderMove = endpoint('POST /api/embedders/move', {
  ...move,
  summary: 'Start making everyone’s templates with another embedder, from their enrolment photos; a job does the work',
  action: 'operate',
  body: z.strictObject({ to: z.string().min(1).max(80) }),
  answer: z.strictObject({ migration: Uuid }),
  errors: ['migration-open', 'model-present'],
});

export const listEmbedderReenrolments = endpoint('GET /api/embedders/move/people', {
  summary: 'List who has to be re-enrolled, and why',
  roles: ['operator'],
  data: ['person.name'],
  answer: z.strictObject({
    items: z.array(z.strictObject({ person: Uuid, name: z.string().nullable(), code: z.string().nullable() })),
  }),
});

export const switchEmbedder = endpoint('POST /api/embedders/move/switch', {
  ...move,
  summary: 'Switch every kiosk to the new embedder; the old templates are kept',
  action: 'operate',
  answer: EmbedderMove.nullable(),
  errors: ['migration-not-ready'],
});

export const finishEmbedderMove = endpoint('POST /api/embedders/move/finish', {
  ...move,
  summary: 'Delete the old embedder’s templates, here and on every kiosk',
  action: 'delete',
  answer: z.strictObject({ people: z.number().int() }),
  errors: ['migration-not-ready'],
});

export const cancelEmbedderMove = endpoint('DELETE /api/embedders/move', {
  ...move,
  summary: 'Cancel the move to another embedder, before kiosks are switched',
  answer: EmbedderMove.nullable(),
  errors: ['migration-not-ready'],
});

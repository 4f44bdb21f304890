import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { countedPageOf, QueryFlag, sortedQuery } from './page.ts';

/** `/api/erasures`: erasure requests, their progress, and their certificates. */

const summary = {
  request: Uuid,
  /** `requested`: can be cancelled; `under-way`: key and values are destroyed, the remaining steps follow one by one. */
  state: z.enum(['requested', 'under-way', 'done', 'undone']),
  origin: z.enum(['person', 'staff', 'operator', 'kiosk', 'retention', 'restore']),
  requestedAt: Instant,
  undoUntil: Instant.nullable(),
  doneAt: Instant.nullable(),
  /** Why it is waiting: `kiosks-open`, `legal-hold`, `merged-since`, `backup-awaited`, or an error code; null: it isn't. */
  waitsFor: z.string().max(60).nullable(),
};
export const ErasureSummary = z.strictObject(summary);

const kiosk = { device: Uuid, name: z.string() };
export const Erasure = z.strictObject({
  ...summary,
  /** Null once completed. */
  person: Uuid.nullable(),
  /** Null once their key is destroyed, and for roles that may not read people. */
  name: z.string().nullable(),
  steps: z.array(
    z.strictObject({
      step: z.string().max(60),
      doneAt: Instant.nullable(),
      code: z.string().max(60).nullable(),
      /** The latest time of the next attempt, if it is waiting. */
      nextAt: Instant.nullable(),
    }),
  ),
  confirmed: z.array(z.strictObject({ ...kiosk, at: Instant })),
  open: z.array(
    z.strictObject({
      ...kiosk,
      /** A revoked kiosk can't confirm any more. */
      status: z.enum(['pending', 'approved', 'revoked']),
      lastHeardAt: Instant.nullable(),
      overdue: z.boolean(),
    }),
  ),
});

export const NewErasure = z.strictObject({
  person: Uuid,
  /** Days in which it can be cancelled; absent: as configured on the server. */
  undoDays: z.number().int().min(0).max(30).optional(),
});
/** `undoUntil` null: it can't be cancelled. */
export const ErasureRequested = z.strictObject({ request: Uuid, undoUntil: Instant.nullable() });
export const CertificateQuery = z.strictObject({
  /** `md`: for people; `jws`: signed, for machines. */
  format: z.enum(['md', 'jws']).default('md'),
});

export const listErasures = endpoint('GET /api/erasures', {
  summary: 'List erasure requests, newest first',
  roles: ['admin', 'dpo', 'auditor', 'operator'],
  data: ['person.erasure'],
  query: z.strictObject({
    ...sortedQuery(['requestedAt', 'doneAt'], '-requestedAt'),
    open: QueryFlag.optional(),
    /** Only this person's, until their key is destroyed. */
    person: Uuid.optional(),
  }),
  answer: countedPageOf(ErasureSummary),
});

export const getErasure = endpoint('GET /api/erasures/:request', {
  summary: 'Show the progress of an erasure, and which kiosks have confirmed it',
  roles: ['admin', 'dpo', 'auditor', 'operator'],
  data: ['person.erasure', 'person.name'],
  answer: Erasure,
});

export const requestErasure = endpoint('POST /api/erasures', {
  summary: 'Request a person’s erasure: templates are deleted immediately, the rest when it can no longer be cancelled',
  roles: ['admin', 'dpo', 'operator'],
  data: ['person', 'template', 'photo', 'attendance'],
  action: 'delete',
  body: NewErasure,
  answer: ErasureRequested,
  errors: ['person-unknown'],
});

export const undoErasure = endpoint('POST /api/erasures/:request/undo', {
  summary: 'Cancel an erasure request while that is possible; the person must enrol their face again',
  roles: ['admin', 'dpo', 'operator'],
  data: ['person.erasure'],
  answer: z.strictObject({ person: Uuid }),
  errors: ['erasure-under-way'],
});

export const getErasureCertificate = endpoint('GET /api/erasures/:request/certificate', {
  summary: 'Get the certificate of a completed erasure, as Markdown or signed',
  roles: ['admin', 'dpo', 'auditor', 'operator'],
  data: [],
  query: CertificateQuery,
  answer: 'file',
  errors: ['erasure-not-complete'],
});

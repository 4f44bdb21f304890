import { z } from 'zod';
import { Direction, Instant, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { countedPageOf, Moment, sortedQuery } from './page.ts';

/**
 * `/api/corrections`: records are never edited. A correction is a separate record that refers to the one it replaces, with who
 * made it and why. Undoing it is another correction.
 */

const Reason = z.string().trim().min(1).max(500);

export const NewCorrection = z.discriminatedUnion('kind', [
  /** A presence that was not recorded. */
  z.strictObject({
    kind: z.literal('add'),
    person: Uuid,
    site: Uuid.nullable().default(null),
    at: Moment,
    direction: Direction,
    reason: Reason,
  }),
  /** Another time or direction; what is absent is unchanged. */
  z.strictObject({
    kind: z.literal('replace'),
    target: Uuid,
    at: Moment.optional(),
    direction: Direction.optional(),
    reason: Reason,
  }),
  /** The record no longer counts. */
  z.strictObject({ kind: z.literal('void'), target: Uuid, reason: Reason }),
  /** `target` is a correction: the record it replaced counts again. */
  z.strictObject({ kind: z.literal('undo'), target: Uuid, reason: Reason }),
]);
export type NewCorrection = z.infer<typeof NewCorrection>;

/** The values of a record before or after a correction. */
const RecordValues = z.strictObject({ at: Instant, direction: Direction });

export const Correction = z.strictObject({
  id: Uuid,
  kind: z.enum(['add', 'replace', 'void', 'undo']),
  /** The record, or for `undo` the correction, concerned. */
  target: Uuid.nullable(),
  person: Uuid,
  /** Name of the person; null: none. */
  name: z.string().nullable(),
  /** Site of the record. */
  site: Uuid.nullable(),
  /** Null: no record counted before it, or that record is no longer kept. */
  before: RecordValues.nullable(),
  /** Null: no record counts after it, or that record is no longer kept. */
  after: RecordValues.nullable(),
  reason: z.string(),
  /** The account that made it; null: the server's operator. */
  author: Uuid.nullable(),
  /** E-mail address of that account; null: the operator, or an account without address or removed since. */
  authorEmail: z.string().nullable(),
  madeAt: Instant,
  undone: z.boolean(),
});
export type Correction = z.infer<typeof Correction>;

const DATA = ['attendance', 'correction.reason', 'person.name', 'account.email'] as const;

export const listCorrections = endpoint('GET /api/corrections', {
  summary: 'List corrections of attendance, newest first',
  roles: ['admin', 'dpo', 'staff'],
  data: DATA,
  query: z.strictObject({ ...sortedQuery(['madeAt'], '-madeAt'), person: Uuid.optional() }),
  answer: countedPageOf(Correction),
});

export const makeCorrection = endpoint('POST /api/corrections', {
  summary: 'Correct, void or add a record, or undo a correction; records are never edited',
  roles: ['admin', 'staff'],
  data: DATA,
  body: NewCorrection,
  answer: Correction,
  errors: [
    'record-unknown',
    'record-of-nobody',
    'already-corrected',
    'already-void',
    'already-undone',
    'correction-unknown',
    'not-undoable',
    'nothing-to-correct',
    'person-unknown',
    'unknown-site',
    'at-in-future',
  ],
});

import { sameAs } from '../../../core/people/living.ts';
import { type Asked, byTime, byTimeOf, pageOfItems, readPage } from '../../../platform/access/list.ts';
import { find, findAll } from '../../../platform/database/rows.ts';
import type { Db, Row } from '../../../platform/database/schema.ts';
import { kiosksOf } from './certificate.ts';
import { undoUntilOf } from './request.ts';
import { STEPS } from './steps.ts';

/** Days after which a kiosk that has not confirmed an erasure is overdue. */
export const OVERDUE_DAYS = 7;
const DAY_MS = 86_400_000;

const STATES = { requested: 'requested', closed: 'under-way', done: 'done', undone: 'undone' } as const;

const SORTING = { by: { requestedAt: byTimeOf('e.requested_at'), doneAt: byTime('e.done_at') }, id: 'e.request' };

/** Lists requests. @param o `open`: true: under way, false: done or undone, absent: all; `person`: about them, under any id */
export async function listErasures(
  db: Db,
  {
    open,
    person,
    ...ask
  }: Asked<keyof typeof SORTING.by> & { readonly open?: boolean | undefined; readonly person?: string | undefined },
) {
  let query = db
    .selectFrom('erasure as e')
    .select(['e.request', 'e.state', 'e.origin', 'e.requested_at', 'e.undo_until', 'e.done_at'])
    .select(({ selectFrom }) =>
      selectFrom('erasure_step as s')
        .select('s.code')
        .whereRef('s.request', '=', 'e.request')
        .where('s.done_at', 'is', null)
        .limit(1)
        .as('waits_for'),
    )
    .where('e.part_of', 'is', null);
  if (person !== undefined) query = query.where('e.person', 'in', await sameAs(db, [person]));
  if (open !== undefined) query = query.where('e.state', open ? 'in' : 'not in', ['requested', 'closed']);
  return pageOfItems(await readPage(db, query, SORTING, ask), (row) => shown(row, row.waits_for));
}

type Listed = Pick<Row<'erasure'>, 'request' | 'state' | 'origin' | 'requested_at' | 'undo_until' | 'done_at'>;

const shown = (row: Listed, waitsFor: string | null) => ({
  request: row.request,
  state: STATES[row.state],
  origin: row.origin,
  requestedAt: row.requested_at,
  undoUntil: undoUntilOf(row),
  doneAt: row.done_at,
  waitsFor: row.state === 'requested' || row.state === 'closed' ? waitsFor : null,
});

/** Returns the state of an erasure and of each of its steps. Null for an unknown request. */
export async function erasureState(db: Db, request: string, now: Date) {
  const row = await find(db, 'erasure', { request, part_of: null });
  if (!row) return null;
  const steps = await findAll(db, 'erasure_step', { request });
  const kiosks = await kiosksOf(db, request);
  const since = row.closed_at ? now.getTime() - row.closed_at.getTime() : 0;
  const waiting = steps.find((s) => s.done_at === null);
  return {
    ...shown(row, waiting?.code ?? null),
    person: row.state === 'done' ? null : row.person,
    steps: STEPS.map(({ name }) => {
      const step = steps.find((s) => s.step === name);
      return { step: name, doneAt: step?.done_at ?? null, code: step?.code ?? null, nextAt: step?.next_at ?? null };
    }),
    confirmed: kiosks.flatMap((k) => (k.confirmedAt ? [{ device: k.device, name: k.name, at: k.confirmedAt }] : [])),
    open: kiosks
      .filter((k) => !k.confirmedAt)
      .map(({ confirmedAt: _, ...k }) => ({ ...k, overdue: k.status !== 'revoked' && since > OVERDUE_DAYS * DAY_MS })),
    certificate: row.certificate,
  };
}

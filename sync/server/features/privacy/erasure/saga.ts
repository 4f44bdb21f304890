import { findAll, upsert } from '../../../platform/database/rows.ts';
import type { Job, JobContext } from '../../../platform/jobs/job.ts';
import { withObjectStore } from '../../../platform/objects/store.ts';
import { namesOfRequest, STEPS, type StepContext, type StepName } from './steps.ts';

/** After a step that failed, ms; it doubles, up to the longest. */
const RETRY_MS = 60_000;
const LONGEST_MS = 6 * 3_600_000;

/** What one run has done. */
export interface SagaReport extends Readonly<Record<string, unknown>> {
  /** Steps that were done. */
  readonly steps: number;
  /** Requests that are complete now. */
  readonly completed: number;
  /** Requests that wait, by the code of what for. */
  readonly waiting: Readonly<Record<string, number>>;
}

/** Whether a request has a step that is due: cheap, asked often. */
export async function isErasureDue(db: JobContext['db'], now: Date): Promise<boolean> {
  return (await dueRequests(db, now, 1)).length > 0;
}

function dueRequests(db: JobContext['db'], now: Date, limit: number) {
  return db
    .selectFrom('erasure as e')
    .select(['e.request', 'e.person', 'e.requested_at'])
    .where('e.part_of', 'is', null)
    .where((w) =>
      w.or([w('e.state', '=', 'closed'), w.and([w('e.state', '=', 'requested'), w('e.undo_until', '<=', now)])]),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('erasure_step as s')
            .select('s.request')
            .whereRef('s.request', '=', 'e.request')
            .where('s.next_at', '>', now),
        ),
      ),
    )
    .orderBy('e.requested_at')
    .orderBy('e.request')
    .limit(limit)
    .execute();
}

/**
 * Carries every erasure on that is due, as far as it gets: from the first step that is not done. A process may die anywhere;
 * the next process starts at that step again, and each is safe to run again. A step that fails or waits is looked at again
 * later, and holds up no other request.
 */
export async function runErasures(context: JobContext): Promise<SagaReport> {
  let steps = 0;
  let completed = 0;
  const waiting: Record<string, number> = {};
  await withObjectStore(context.config.s3, async (objects) => {
    for (const row of await dueRequests(context.db, context.now(), 1000)) {
      context.signal.throwIfAborted();
      const { request, person, requested_at: requestedAt } = row;
      const end = await carryOn({ ...context, objects, request, requestedAt }, person);
      steps += end.steps;
      if (end.waits === null) completed += 1;
      else waiting[end.waits] = (waiting[end.waits] ?? 0) + 1;
    }
  });
  return { steps, completed, waiting };
}

async function carryOn(
  erasure: Omit<StepContext, 'people' | 'attempt' | 'detail'>,
  person: string,
): Promise<{ steps: number; waits: string | null }> {
  const { db, now, log, signal } = erasure;
  const rows = await findAll(db, 'erasure_step', { request: erasure.request });
  const known = new Map(rows.map((r) => [r.step as StepName, r]));
  const details = new Map(rows.map((r) => [r.step as StepName, r.detail as Record<string, unknown> | null]));
  let steps = 0;
  for (const step of STEPS) {
    if (known.get(step.name)?.done_at) continue;
    signal.throwIfAborted();
    const attempts = (known.get(step.name)?.attempts ?? 0) + 1;
    const put = (values: { code: string | null; next_at: Date | null; done_at: Date | null; detail?: string }) => {
      const row = { request: erasure.request, step: step.name, attempts, ...values };
      return upsert(db, 'erasure_step', ['request', 'step'], { detail: null, ...row }, { attempts, ...values });
    };
    try {
      const end = await step.run({
        ...erasure,
        // Read again at each step: they may have been merged with another since.
        people: await namesOfRequest(db, erasure.request, person),
        attempt: attempts,
        detail: (name) => details.get(name) ?? null,
      });
      if ('waits' in end) {
        await put({ code: end.waits, next_at: new Date(now().getTime() + end.forMs), done_at: null });
        return { steps, waits: end.waits };
      }
      details.set(step.name, end.done);
      await put({ code: null, next_at: null, done_at: now(), detail: JSON.stringify(end.done) });
      steps += 1;
    } catch (cause) {
      if (signal.aborted) throw cause;
      const code = codeOf(cause);
      const pause = Math.min(RETRY_MS * 2 ** (attempts - 1), LONGEST_MS);
      log.error({ code, request: erasure.request, step: step.name, err: cause }, 'a step of an erasure failed');
      await put({ code, next_at: new Date(now().getTime() + pause), done_at: null });
      return { steps, waits: code };
    }
  }
  return { steps, waits: null };
}

function codeOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code.slice(0, 60) : 'internal';
}

/** Carries erasures on, step by step, as soon as one is due. */
export const erasureJob: Job = {
  name: 'erasure',
  everyMs: 5_000,
  wanted: ({ db, now }) => isErasureDue(db, now()),
  run: runErasures,
};

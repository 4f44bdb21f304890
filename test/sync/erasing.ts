import type { Config } from '../../sync/server/app/config.ts';
import { requestErasure } from '../../sync/server/features/privacy/erasure/request.ts';
import {
  namesOfRequest,
  runErasures,
  type SagaReport,
  STEPS,
} from '../../sync/server/features/privacy/erasure/steps.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';
import type { JobContext } from '../../sync/server/platform/jobs/job.ts';
import type { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { openKeyring } from '../../sync/server/platform/keys/keyring.ts';
import { unheard } from '../kit/services.ts';

export interface Erasing {
  readonly context: JobContext;
  /** Runs the steps that are due. */
  run(): Promise<SagaReport>;
  /** Requests an irrevocable erasure and runs every step that needs no kiosk. @returns the request's id */
  erase(person: string): Promise<string>;
}

/** Sets up erasures on a test's database. @param home folder for tombstones */
export async function erasing(
  db: Db,
  keys: Keys,
  home: string,
  { now = () => new Date(), ...rest }: Partial<JobContext> = {},
): Promise<Erasing> {
  const keyring = await openKeyring(db, keys, { hostnames: ['localhost'], now: () => now().getTime() });
  const context: JobContext = {
    db,
    keys,
    keyring,
    config: { home, s3: null } as Config,
    ...unheard(),
    now,
    signal: new AbortController().signal,
    ...rest,
  };
  const run = () => runErasures(context);
  return {
    context,
    run,
    async erase(person) {
      const { request } = await requestErasure(db, keys, { person, origin: 'staff', undoDays: 0 }, now());
      await run();
      return request;
    },
  };
}

/** Runs only the `close` step for every waiting request, as if its deadline had passed: deletes keys and values. */
export async function closeErasures(db: Db, keys: Keys): Promise<void> {
  const { context } = await erasing(db, keys, '/nonexistent');
  const close = STEPS.find((step) => step.name === 'close')!;
  const waiting = await db.selectFrom('erasure').selectAll().where('state', '=', 'requested').execute();
  for (const { request, person, requested_at: requestedAt } of waiting) {
    const people = await namesOfRequest(db, request, person);
    await close.run({ ...context, objects: null, request, people, requestedAt, attempt: 1, detail: () => null });
  }
}

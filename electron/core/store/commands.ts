import { z } from 'zod';
import { Problem } from '../../../sync/errors/problem.ts';
import { storeCommand } from '../command.ts';

/** The store's commands. They run inside the core, or in the command line if no core has the store open. */

/** Exit codes, as defined in electron/cli/exit-codes.ts. */
const OK = 0;
const ATTENTION = 1;

export const checkStoreCommand = storeCommand({
  name: 'store check',
  args: z.strictObject({}),
  async run({ store, busy }, _args, output) {
    const report = await store.check({ progress: output.progress, busy });
    output.line(report);
    return report.problems.length === 0 ? OK : ATTENTION;
  },
});

export const rekeyStoreCommand = storeCommand({
  name: 'store rekey',
  args: z.strictObject({}),
  async run({ store, restart, busy }, _args, output) {
    if (restart === null) throw new Problem('store-in-use');
    output.line(await store.rekey({ progress: output.progress, busy }));
    return OK;
  },
});

/** Check-ins are read in chunks of this size, so that a long list doesn't block a running kiosk. */
const PIECE = 500;

export const listCheckinsCommand = storeCommand({
  name: 'checkins list',
  args: z.strictObject({
    limit: z.number().int().min(1).max(1_000_000),
    before: z.iso.datetime({ offset: true }).optional(),
  }),
  async run({ store }, { limit, before }, output) {
    let after: string | undefined;
    for (let left = limit; left > 0; ) {
      const piece = store.checkins.list({
        limit: Math.min(left, PIECE),
        ...(before ? { before } : {}),
        ...(after ? { after } : {}),
      });
      for (const checkin of piece) output.line(checkin);
      if (piece.length < Math.min(left, PIECE)) break;
      left -= piece.length;
      after = piece.at(-1)!.id;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return OK;
  },
});

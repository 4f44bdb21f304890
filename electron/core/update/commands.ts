import { z } from 'zod';
import { Problem } from '../../../sync/errors/problem.ts';
import { type CommandContext, storeCommand } from '../command.ts';
import type { UpdateKeeper } from './keeper.ts';

/** How often progress is reported, ms. */
const PROGRESS_MS = 500;

/** @throws Problem `update-not-installed` */
function keeperOf({ updates }: CommandContext): UpdateKeeper {
  const keeper = updates?.();
  if (keeper) return keeper;
  throw new Problem(updates ? 'update-not-installed' : 'kiosk-not-running');
}

/** `update status`: the installed builds, what is in progress, and any problem. Exit code 1 if something was refused. */
export const updateStatusCommand = storeCommand({
  name: 'update status',
  args: z.strictObject({}),
  async run(context, _args, output) {
    const report = keeperOf(context).report();
    output.line(report);
    return report.problem ? 1 : 0;
  },
});

/** `update now`: requests the newest build, on behalf of staff. */
export const updateNowCommand = storeCommand({
  name: 'update now',
  args: z.strictObject({ from: z.enum(['usb', 'network']) }),
  async run(context, { from }, output) {
    const keeper = keeperOf(context);
    const showing = setInterval(() => {
      const notice = keeper.notice();
      if (notice?.kind === 'preparing' && notice.progress !== null)
        output.progress(notice.progress * 100, 100, 'update');
    }, PROGRESS_MS);
    try {
      const { version } = await keeper.now(from);
      output.line({ ready: version });
      return 0;
    } finally {
      clearInterval(showing);
    }
  },
});

import { z } from 'zod';
import { storeCommand } from '../commands/command.ts';
import { syncReport } from './report.ts';

/** `sync status`: of the running core, or of the store that no core holds. Exit code 1 when something is wrong. */
export const syncStatusCommand = storeCommand({
  name: 'sync status',
  args: z.strictObject({}),
  async run({ store, sync }, _args, output) {
    const report = sync ? sync() : syncReport(store);
    output.line(report);
    return report.problem || report.server === null ? 1 : 0;
  },
});

import { z } from 'zod';
import { storeCommand } from '../command.ts';
import { COMMIT, VERSION } from '../version.ts';
import { type SyncReport, syncReport } from './report.ts';

/** What `sync status` says: of the process that holds the store, which may be another build than the one that asks. */
export interface KioskStatus extends SyncReport {
  readonly version: string;
  readonly commit: string | null;
}

/** `sync status`: of the running core, or of the store that no core holds. Exit code 1 when something is wrong. */
export const syncStatusCommand = storeCommand({
  name: 'sync status',
  args: z.strictObject({}),
  async run({ store, sync }, _args, output) {
    const report = sync ? sync() : syncReport(store);
    const status: KioskStatus = { version: VERSION, commit: COMMIT, ...report };
    output.line(status);
    return report.problem || report.server === null ? 1 : 0;
  },
});

import { z } from 'zod';
import { storeCommand } from '../command.ts';
import { COMMIT, VERSION } from '../version.ts';
import { type SyncReport, syncReport } from './report.ts';

/** Output of `sync status`, with the build of the process that has the store open, which may differ from the caller's. */
export interface KioskStatus extends SyncReport {
  readonly version: string;
  readonly commit: string | null;
}

/** `sync status`: of the running core, or read from the store if no core is running. Exit code 1 if something is wrong. */
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

import { apiLines } from './server/api.ts';
import { auditLines } from './server/audit.ts';
import { backupLines } from './server/backup.ts';
import { rotationLines } from './server/rotation.ts';
import type { BenchContext, BenchGroup, BenchLine } from './types.ts';

/** The central server's work on stored data, with real parts: PostgreSQL, the S3 double, separate processes. */
export const group: BenchGroup = {
  name: 'server',
  describe:
    'Rotation of the keys, lists and searches of the API, the audit log, backup and restore, each beside the same in bare SQL.',
  leavesOut: 'the network: database, object store and server share this machine',
  run: measure,
};

async function* measure(ctx: BenchContext): AsyncIterable<BenchLine> {
  yield* rotationLines(ctx);
  yield* apiLines(ctx);
  yield* auditLines(ctx);
  yield* backupLines(ctx);
}

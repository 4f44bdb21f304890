import { codedError } from '../../core/serving/core-process.ts';
import { type PrepareOptions, prepareKiosk } from './prepare-kiosk.ts';
import type { PrepareAnswer } from './prepare-process.ts';

/** The process that prepareInProcess starts: does one preparation, says how it went, and ends. */
process.once('disconnect', () => process.exit(1)); // the process that wanted it has ended
process.once('message', (options: PrepareOptions) => {
  const answer = (message: PrepareAnswer): void => {
    process.send?.(message, () => process.exit(0));
  };
  prepareKiosk(options).then(
    (prepared) => answer({ prepared }),
    (cause: unknown) => {
      const stack = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
      answer({ problem: codedError(cause), stack });
    },
  );
});

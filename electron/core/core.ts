import { assemble } from './assemble.ts';
import type { StartCore } from './interface.ts';
import { readJournal, writeJournal } from './leaving/journal.ts';
import type { Left } from './leaving/leave.ts';
import { openKiosk } from './open-kiosk.ts';
import { startRemovedCore } from './removed-core.ts';
import { switchingCore } from './serving/switching.ts';

/** Starts the kiosk core: opens the store, loads models and gallery, and wires the services to the contract. */
export const startCore: StartCore = async (options) => {
  // What was opened is closed in reverse order: when the core stops, and when a later part can't start.
  const opened = new AsyncDisposableStack();
  // Before anything is opened: what was begun to be destroyed is never a kiosk again.
  const journal = readJournal(options.home);
  if (journal) return startRemovedCore(journal, options);
  try {
    const kiosk = await openKiosk({ ...options, allowSecretFile: options.deviceSecret === null });
    opened.defer(() => kiosk.close());
    const removed = async ({ journal, ...held }: Left): Promise<void> => {
      writeJournal(options.home, journal);
      await opened.disposeAsync();
      core.become(startRemovedCore(journal, { ...options, held }));
    };
    const core = switchingCore(await assemble(kiosk, options, opened, removed));
    return core;
  } catch (cause) {
    await opened.disposeAsync();
    throw cause;
  }
};

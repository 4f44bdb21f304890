import { loadSharp } from '../../models/node/sharp.ts';
import { Problem } from '../../sync/errors/problem.ts';
import { type CoreMethods, everyMethod, type Signal, type SignalName } from '../contract/methods.ts';
import type { Core, CoreOptions, StartCore } from './interface.ts';
import { readJournal, writeJournal } from './leaving/journal.ts';
import type { Left } from './leaving/leave.ts';
import { type OpenKiosk, openKiosk } from './open-kiosk.ts';
import { identify, open, recognise, sync } from './phases.ts';
import { startRemovedCore } from './removed-core.ts';
import { serve } from './serve.ts';

/** Starts the kiosk core: opens the store, loads models and gallery, and wires the services to the contract. */
export const startCore: StartCore = async (options) => {
  // Everything opened is closed in reverse order: when the core stops, and when a later part can't start.
  const opened = new AsyncDisposableStack();
  // Before anything is opened: a kiosk whose destruction has begun is never a kiosk again.
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

/**
 * Wires the services of an open kiosk to the contract, in phases: the output of each is the input of the next.
 *
 * @param opened everything that was started is added here, to be stopped in reverse order
 * @param removed called when nothing of the kiosk is left: from then on another core answers
 * @throws Problem `home-not-demo`
 */
async function assemble(
  kiosk: OpenKiosk,
  options: CoreOptions,
  opened: AsyncDisposableStack,
  removed: (left: Left) => Promise<void>,
): Promise<Core> {
  if (options.demo && !kiosk.site.demo) {
    throw new Problem('home-not-demo');
  }
  const base = open(kiosk, options, opened);
  // Models load while a PIN is hashed. `recognise` waits for them and reports why they can't be loaded.
  kiosk.openFaces().catch(() => undefined);
  // So that neither the first screen nor the first photo waits for the codec. If that fails, the reason is logged with the photo.
  if (kiosk.site.photos) loadSharp().catch(() => undefined);
  const identity = await identify(base);
  const faces = await recognise(base);
  const inventory = await sync(base, faces);
  return serve(base, identity, faces, inventory, removed);
}

type Listener = <S extends SignalName>(name: S, data: Signal<S>) => void;

interface SwitchingCore extends Core {
  /** From now on `next` answers, on the existing connections. */
  become(next: Core): void;
}

/** A core that can be replaced while screens are connected: a kiosk that has destroyed its store still shows that. */
function switchingCore(first: Core): SwitchingCore {
  let current = first;
  const listeners = new Map<Listener, () => void>();
  const methods = everyMethod(
    (name) => (input: never) => (current.methods[name] as (input: never) => Promise<unknown>)(input),
  ) as CoreMethods;
  return {
    methods,
    onSignal(listener) {
      listeners.set(listener, current.onSignal(listener));
      return () => {
        listeners.get(listener)?.();
        listeners.delete(listener);
      };
    },
    leave: () => current.leave(),
    close: () => current.close(),
    become(next) {
      current = next;
      for (const [listener, stop] of listeners) {
        stop();
        listeners.set(listener, next.onSignal(listener));
      }
      // Screens still show the previous core's status.
      void next.methods.status({}).then((status) => {
        for (const listener of listeners.keys()) listener('status', status as Signal<'status'>);
      });
    },
  };
}

import { Problem } from '../../sync/errors/problem.ts';
import type { Core, CoreOptions } from './interface.ts';
import type { Left } from './leaving/leave.ts';
import type { OpenKiosk } from './open-kiosk.ts';
import { identify, open, recognise, sync } from './phases.ts';
import { serve } from './serve.ts';

/**
 * Wires the services of an open kiosk to the contract, in phases: what one of them makes is the input of the next.
 *
 * @param opened what was started is put here, to be ended in reverse order
 * @param removed called when nothing of the kiosk is left: from then on another core answers
 * @throws Problem `home-not-demo`
 */
export async function assemble(
  kiosk: OpenKiosk,
  options: CoreOptions,
  opened: AsyncDisposableStack,
  removed: (left: Left) => Promise<void>,
): Promise<Core> {
  if (options.demo && !kiosk.site.demo) {
    throw new Problem('home-not-demo');
  }
  const base = open(kiosk, options, opened);
  const identity = await identify(base);
  const faces = await recognise(base);
  const inventory = await sync(base, faces);
  return serve(base, identity, faces, inventory, removed);
}

import { existsSync } from 'node:fs';
import type { SyncStatus } from '../../../sync/edge/engine.ts';
import type { TransportOptions } from '../../../sync/edge/transport/interface.ts';
import type { CoreOptions } from '../interface.ts';
import type { OpenKiosk } from '../open-kiosk.ts';
import { COMMIT, VERSION } from '../version.ts';
import { stateFile } from './files.ts';
import { type KeeperDeps, startUpdates, type UpdateKeeper } from './keeper.ts';
import { updateLayout } from './layout.ts';
import { shareServer } from './server-share.ts';
import { selfMatch } from './test-face.ts';

export interface AttachDeps
  extends Pick<
    KeeperDeps,
    'now' | 'monotonic' | 'idleMs' | 'unusedMs' | 'zone' | 'camera' | 'faces' | 'changed' | 'log'
  > {
  readonly slots: CoreOptions['slots'];
  readonly end: CoreOptions['end'];
  readonly kiosk: Pick<OpenKiosk, 'store' | 'faces'>;
  readonly store: KeeperDeps['store'];
  readonly line: () => { status(): SyncStatus; transport(): TransportOptions | null } | null;
  readonly opened: AsyncDisposableStack;
}

/** Starts updates of an installed kiosk; null if nothing installs builds: run from source, a demo, a plain folder. */
export async function attachUpdates(deps: AttachDeps): Promise<UpdateKeeper | null> {
  const { slots, end, kiosk, line, opened, ...rest } = deps;
  if (!slots || !end || !COMMIT) return null;
  const layout = updateLayout(slots.root);
  if (!existsSync(stateFile(layout))) return null;
  const keeper = startUpdates({
    ...rest,
    layout,
    running: { version: VERSION, commit: COMMIT },
    insteadOf: slots.insteadOf,
    selfMatch: async () => selfMatch((await kiosk.faces()).pipeline),
    online: () => line()?.status().online ?? false,
    heard: () => (line()?.status().lastSyncAt ?? null) !== null,
    restart: end,
  });
  opened.defer(() => keeper.stop());
  const share = await shareServer({ layout, server: () => line()?.transport() ?? null, log: deps.log });
  opened.defer(() => share.close());
  return keeper;
}

import { z } from 'zod';
import { ServerBundle } from '../../../sync/edge/bundle.ts';
import { SyncEngine, type SyncStatus } from '../../../sync/edge/engine.ts';
import { DeviceSecret } from '../../../sync/edge/identity.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { Store } from '../store/interface.ts';

/** Setting that holds the device's keys and what it pins of its server; encrypted like everything in the store. */
const SETTING = 'server-link';

export const ServerLink = z.strictObject({ secret: DeviceSecret, bundle: ServerBundle });
export type ServerLink = z.infer<typeof ServerLink>;

/** The server this kiosk belongs to, or null for one that was never provisioned. @throws Problem `server-link-damaged` */
export function readServerLink(store: Pick<Store, 'setting'>): ServerLink | null {
  const text = store.setting(SETTING);
  if (text === null) return null;
  const parsed = ServerLink.safeParse(parseJson(text));
  if (!parsed.success)
    throw new Problem(
      'server-link-damaged',
      'the stored identity of this kiosk can’t be read',
      'Provision this kiosk again.',
      { cause: parsed.error },
    );
  return parsed.data;
}

/** null for what is not JSON: the schema then refuses it with the one code. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function writeServerLink(store: Pick<Store, 'setSetting'>, link: ServerLink): void {
  store.setSetting(SETTING, JSON.stringify(link));
}

/** What the rest of the core needs of the sync. */
export interface Uplink {
  status(): SyncStatus;
  nudge(): void;
  stop(): Promise<void>;
}

/** Starts sending, or stands still where there is no server: the kiosk works all the same. */
export function startUplink(
  store: Store,
  hooks: {
    onStatus: () => void;
    onServerTime: (serverMs: number, localMs: number) => void;
    onProblem: (problem: Problem) => void;
  },
): Uplink {
  const link = readServerLink(store);
  if (!link) {
    return {
      status: () => ({ online: false, lastSyncAt: null, queued: store.pendingCount(), problem: null }),
      nudge: () => undefined,
      stop: async () => undefined,
    };
  }
  let lastProblem: string | null = null;
  const engine = new SyncEngine({
    ...link,
    source: store,
    onServerTime: hooks.onServerTime,
    onStatus(status) {
      if (status.problem && status.problem.code !== lastProblem) hooks.onProblem(status.problem);
      lastProblem = status.problem?.code ?? null;
      hooks.onStatus();
    },
  });
  engine.start();
  return { status: () => engine.status, nudge: () => engine.nudge(), stop: () => engine.stop() };
}

import type { ChangeSink } from '../../../sync/edge/changes/asker.ts';
import { SyncEngine, type SyncStatus } from '../../../sync/edge/engine.ts';
import type { OutboxSource } from '../../../sync/edge/outbox.ts';
import { photoCarrier } from '../../../sync/edge/photos/https.ts';
import { type PhotoSource, PhotoUploader } from '../../../sync/edge/photos/uploader.ts';
import { kioskTransport } from '../../../sync/edge/transport/failover.ts';
import type { TransportOptions } from '../../../sync/edge/transport/interface.ts';
import type { Problem } from '../../../sync/protocol/wire/problem.ts';
import { createPresenceBoard, type PresenceBoard } from '../roster/presence.ts';
import { createRoster } from '../roster/roster.ts';
import type { Store } from '../store/interface.ts';
import type { RosterOutcome } from '../store/roster.ts';
import { outboxOf } from './outbox-of.ts';
import { startRenewal } from './renewal.ts';
import { LiveLink, readServerLink } from './server-link.ts';

export { readServerLink, writeServerLink } from './server-link.ts';

/** What the rest of the core needs of the sync. */
export interface Uplink {
  status(): SyncStatus;
  nudge(): void;
  stop(): Promise<void>;
}

export interface UplinkHooks {
  readonly onStatus: () => void;
  /** The server was really heard: its signed clock, and this machine's at that moment; ms since 1970. */
  readonly onServerTime: (serverMs: number, localMs: number) => void;
  readonly onProblem: (problem: Problem) => void;
  /** Trusted time, ms since 1970: what certificates are judged by. */
  readonly trustedNow?: () => number;
  /** A page is durable: memory follows. */
  readonly applied?: (outcome: RosterOutcome) => void;
  /** Settings that belong into the transaction of a page. */
  readonly pageSettings?: (outcome: RosterOutcome) => Readonly<Record<string, string>>;
  readonly presence?: PresenceBoard;
}

/** Starts sending, or stands still where there is no server: the kiosk works all the same. */
export function startUplink(store: Store, hooks: UplinkHooks): Uplink {
  const stored = readServerLink(store);
  if (!stored) return standingStill(store);
  const link = new LiveLink(stored);
  const { secret, bundle } = stored;
  const transport: TransportOptions = {
    bundle,
    device: secret.device,
    keys: () => link.current.bundle.keys,
    credentials: () => ({ certPem: link.current.bundle.tlsCertPem, keyPem: link.current.secret.tlsKeyPem }),
    trustedNow: hooks.trustedNow ?? Date.now,
  };
  const changes: ChangeSink = createRoster({
    store,
    link,
    presence: hooks.presence ?? createPresenceBoard(),
    applied: hooks.applied ?? (() => undefined),
    ...(hooks.pageSettings && { settings: hooks.pageSettings }),
  });
  const photos = new PhotoUploader({
    source: photosOf(store),
    carrier: photoCarrier(transport),
    onProblem: hooks.onProblem,
  });
  store.sync.offerPhotosAgain();
  let lastProblem: string | null = null;
  const source: OutboxSource = outboxOf(store);
  const engine = new SyncEngine({
    ...stored,
    source,
    changes,
    keys: transport.keys,
    transport: kioskTransport(transport),
    onServerTime(serverMs, localMs) {
      hooks.onServerTime(serverMs, localMs);
      photos.nudge();
    },
    onCommitted: () => photos.nudge(),
    onStatus(status) {
      if (status.problem && status.problem.code !== lastProblem) hooks.onProblem(status.problem);
      lastProblem = status.problem?.code ?? null;
      hooks.onStatus();
    },
  });
  engine.start();
  const renewal = startRenewal({
    store,
    link,
    now: transport.trustedNow,
    send: (sealed) => engine.send(sealed),
    onProblem: hooks.onProblem,
  });
  return {
    status: () => engine.status,
    nudge: () => engine.nudge(),
    async stop() {
      renewal.stop();
      await Promise.all([engine.stop(), photos.stop()]);
    },
  };
}

function standingStill(store: Store): Uplink {
  return {
    status: () => ({
      online: false,
      transport: null,
      lastSyncAt: null,
      queued: store.pendingCount(),
      problem: null,
      pausedUntil: null,
    }),
    nudge: () => undefined,
    stop: async () => undefined,
  };
}

function photosOf({ sync }: Store): PhotoSource {
  return {
    next: (except) => sync.photosToSend(except.size + 1).find(({ address }) => !except.has(address))?.address ?? null,
    isWaiting: (address) => sync.isWaiting(address),
    read: (address) => sync.sealedPhoto(address),
    done: (address, taken) => sync.photoSent(address, taken),
  };
}

import type { ChangeSink, ChangesPage } from '../../../sync/edge/changes/change-poller.ts';
import { SyncEngine, type SyncStatus } from '../../../sync/edge/engine.ts';
import type { PhotoCarrier } from '../../../sync/edge/photos/uploader.ts';
import { type PhotoSource, PhotoUploader } from '../../../sync/edge/photos/uploader.ts';
import type { ClientKey } from '../../../sync/edge/provisioning/renewal.ts';
import { VerifiedAgent } from '../../../sync/edge/tls/agent.ts';
import { type Answer, callServer, jsonOrNull, statedCode } from '../../../sync/edge/tls/request.ts';
import { kioskTransport } from '../../../sync/edge/transport/failover.ts';
import { HttpsTransport } from '../../../sync/edge/transport/https.ts';
import type { TransportOptions } from '../../../sync/edge/transport/interface.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import type { X25519PublicJwk } from '../../../sync/protocol/wire/batch.ts';
import type { Inventory } from '../../../sync/protocol/wire/fleet.ts';
import { PhotoState, photoPath } from '../../../sync/protocol/wire/photos.ts';
import { createPresenceBoard, type PresenceBoard } from '../roster/presence.ts';
import type { Store } from '../store/interface.ts';
import type { RosterOutcome } from '../store/roster.ts';
import { outboxOf } from './outbox-of.ts';
import { readProxy } from './proxy.ts';
import { startRenewal } from './renewal.ts';
import { LiveLink } from './server-link.ts';

export { readServerLink, writeServerLink } from './server-link.ts';

export interface Uplink {
  status(): SyncStatus;
  nudge(): void;
  /** The key that data for the server is encrypted to; null without a server. */
  sealingKey(): X25519PublicJwk | null;
  /** Why the server rejects this kiosk under every key that it has; null if it does not, or while that is undecided. */
  turnedAway(): Problem | null;
  /** How to reach the server for requests outside the sync; null without a server. */
  transport(): TransportOptions | null;
  stop(): Promise<void>;
}

/** Longest time one renewal may take, ms. */
const RENEWAL_MS = 60_000;

export interface UplinkHooks {
  readonly onStatus: () => void;
  /** A verified contact with the server: its signed clock, and this machine's at that moment; ms since 1970. */
  readonly onServerTime: (serverMs: number, localMs: number) => void;
  readonly onProblem: (problem: Problem) => void;
  /** Trusted time, ms since 1970, for judging certificates. */
  readonly trustedNow?: () => number;
  readonly applied?: (outcome: RosterOutcome) => void;
  /** Returns settings to write in a page's transaction. */
  readonly pageSettings?: (outcome: RosterOutcome) => Readonly<Record<string, string>>;
  readonly presence?: PresenceBoard;
  /** Returns this kiosk's inventory for the server; null if it is not known yet. */
  readonly report?: () => Inventory | null;
}

/** Starts sending, or does nothing without a server: the kiosk works anyway. */
export function startUplink(store: Store, hooks: UplinkHooks): Uplink {
  const link = LiveLink.of(store);
  if (!link) return standingStill(store);
  const { secret, bundle } = link.current;
  const transport: TransportOptions = {
    bundle,
    device: secret.device,
    keys: () => link.current.bundle.keys,
    credentials: () => ({ certPem: link.current.bundle.tlsCertPem, keyPem: link.current.secret.tlsKeyPem }),
    trustedNow: hooks.trustedNow ?? Date.now,
    proxy: readProxy(store),
  };
  const photos = new PhotoUploader({
    source: photosOf(store),
    carrier: photoCarrier(transport),
    onProblem: hooks.onProblem,
  });
  store.outbox.reofferPhotos();
  let lastCode: string | null = null;
  let lastProblem: Problem | null = null;
  const engine = new SyncEngine({
    secret,
    bundle,
    source: outboxOf(store),
    changes: rosterOf(store, link, hooks),
    keys: transport.keys,
    transport: kioskTransport(transport),
    onServerTime(serverMs, localMs) {
      hooks.onServerTime(serverMs, localMs);
      link.answered(store, transport.trustedNow(), () => store.outbox.marks());
      photos.nudge();
    },
    onCommitted: () => photos.nudge(),
    ...(hooks.report && { report: hooks.report }),
    onStatus(status) {
      if (status.problem && status.problem.code !== lastCode) hooks.onProblem(status.problem);
      lastCode = status.problem?.code ?? null;
      if (status.online) renewal.heard();
      // Once per failed exchange: the same status is reported again at every event.
      else if (status.problem && status.problem !== lastProblem) renewal.refused(status.problem);
      lastProblem = status.problem;
      hooks.onStatus();
    },
  });
  const renewal = startRenewal({
    store,
    link,
    now: transport.trustedNow,
    send: (sealed) => engine.send(sealed),
    sendWith: (client, sealed) => askWith(transport, client, sealed),
    onProblem: hooks.onProblem,
    onRecovered: () => engine.retry(),
    onAway: hooks.onStatus,
  });
  engine.start();
  return {
    status: () => engine.status,
    nudge: () => engine.nudge(),
    sealingKey: () => link.current.bundle.keys.sealing,
    turnedAway: () => renewal.turnedAway(),
    transport: () => transport,
    async stop() {
      renewal.stop();
      await Promise.all([engine.stop(), photos.stop()]);
    },
  };
}

/** Applies the server's pages to the store. Pinned keys change in the same transaction that moves the cursor. */
function rosterOf(
  { roster }: Pick<Store, 'roster'>,
  link: LiveLink,
  { presence = createPresenceBoard(), applied, pageSettings }: UplinkHooks,
): ChangeSink {
  return {
    cursor: () => roster.cursor,
    presenceAfter: () => presence.newest(),
    restart: () => roster.restart(),
    async apply(page: ChangesPage) {
      let next = link.current;
      await roster.apply(
        page,
        (result) => {
          next = result.keys ? link.withKeys(result.keys) : link.current;
          return { ...pageSettings?.(result), ...(next === link.current ? {} : link.settingsOf(next)) };
        },
        (outcome) => {
          link.adopt(next);
          presence.note(page.presence, outcome.complete);
          for (const person of outcome.removedPeople) presence.forget(person);
          applied?.(outcome);
        },
      );
    },
  };
}

/** Sends one request over HTTPS, on a separate connection with this certificate. */
async function askWith(options: TransportOptions, client: ClientKey, sealed: string): Promise<string> {
  const line = new HttpsTransport({ ...options, credentials: () => client });
  try {
    return await line.exchange('ask', sealed, AbortSignal.timeout(RENEWAL_MS));
  } finally {
    await line.close();
  }
}

function standingStill({ outbox }: Pick<Store, 'outbox'>): Uplink {
  return {
    status: () => ({
      online: false,
      transport: null,
      lastSyncAt: null,
      queued: outbox.count(),
      problem: null,
      pausedUntil: null,
    }),
    nudge: () => undefined,
    sealingKey: () => null,
    turnedAway: () => null,
    transport: () => null,
    stop: async () => undefined,
  };
}

function photosOf({ outbox, photos }: Pick<Store, 'outbox' | 'photos'>): PhotoSource {
  return {
    next: (except) => outbox.photosToSend(except.size + 1).find((address) => !except.has(address)) ?? null,
    isWaiting: (address) => outbox.isPhotoWaiting(address),
    read: (address) => photos.sealed(address),
    done: (address, taken) => outbox.photoSent(address, taken),
  };
}

const MAX_ANSWER_BYTES = 4096;

/** Sends photos over HTTPS, on a separate connection: a large one must not delay check-ins. */
function photoCarrier(options: TransportOptions): PhotoCarrier {
  const agent = new VerifiedAgent(options);
  const at = (path: string) => ({ url: new URL(path, options.bundle.serverUrl), maxBytes: MAX_ANSWER_BYTES });
  return {
    state: async (address, signal) =>
      stateOf(await callServer(agent, { method: 'GET', ...at(photoPath(address)) }, signal)),
    put: async (address, { offset, total }, body, signal) => {
      const path = `${photoPath(address)}?offset=${offset}&total=${total}`;
      const headers = { 'content-type': 'application/octet-stream' };
      return stateOf(await callServer(agent, { method: 'PUT', ...at(path), headers, body }, signal));
    },
    close: () => agent.destroy(),
  };
}

/** @throws Problem with the server's own code if it sent one */
function stateOf(answer: Answer): PhotoState {
  const state = PhotoState.safeParse(jsonOrNull(answer.text));
  if (answer.status === 200 && state.success) return state.data;
  const code = statedCode(answer);
  throw new Problem('server-refused', { what: 'the photo', reason: `${answer.status}, ${code}` }).withCode(code);
}

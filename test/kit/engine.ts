import type { ChangeSink, ChangesPage } from '../../sync/edge/changes/change-poller.ts';
import { SyncEngine, type SyncStatus } from '../../sync/edge/engine.ts';
import { createDeviceIdentity } from '../../sync/edge/identity.ts';
import type { OutboxSource } from '../../sync/edge/outbox.ts';
import type { Transport } from '../../sync/edge/transport/interface.ts';
import { Problem } from '../../sync/errors/problem.ts';
import { signAck } from '../../sync/protocol/seal/ack.ts';
import { openAsk } from '../../sync/protocol/seal/ask.ts';
import { openBatch } from '../../sync/protocol/seal/batch.ts';
import { newSealingKey, newSigningKey, publicHalf } from '../../sync/protocol/seal/keys.ts';
import { sealPage } from '../../sync/protocol/seal/page.ts';
import type { Ack } from '../../sync/protocol/wire/ack.ts';
import type { Change } from '../../sync/protocol/wire/changes.ts';
import type { Inventory } from '../../sync/protocol/wire/fleet.ts';
import type { ServerBundle } from '../../sync/protocol/wire/provisioning.ts';
import { MemoryOutbox } from './outbox.ts';

export const LOG = '55555555-5555-4555-8555-555555555555';
export const signing = newSigningKey();
export const sealing = newSealingKey();
export const bundle: ServerBundle = {
  serverId: '66666666-6666-4666-8666-666666666666',
  serverUrl: 'https://127.0.0.1:1',
  tlsCertPem: '',
  mqttUrls: [],
  keys: { serial: 1, signing: [publicHalf(signing)], sealing: publicHalf(sealing), caPem: ['CA'] },
  site: { id: '77777777-7777-4777-8777-777777777777', name: 'Test', timeZone: 'UTC' },
};

/** What a kiosk reports about itself. */
export const INVENTORY: Inventory = {
  version: '1.0.0',
  commit: '',
  host: 'browser',
  models: { detector: 'd', embedder: null },
  uptimeSeconds: 1,
  diskFree: 9e9,
  diskTotal: 20e9,
  camera: 'ok',
  clockOffsetMs: 0,
  queued: 0,
  photosWaiting: 0,
  temperature: 40,
  storeSchema: 7,
  configRevision: null,
  configProblem: null,
};

/** A minimal server, a clock that the test moves, and the engine between them. */
export async function newEngine<S extends OutboxSource = MemoryOutbox>({
  source = new MemoryOutbox() as unknown as S,
  ...options
}: {
  source?: S;
  batchEvents?: number;
  onServerTime?: (serverMs: number) => void;
  report?: () => Inventory;
} = {}) {
  const secret = await createDeviceIdentity(source.device);
  const clock = { now: 0 };
  const received: number[][] = [];
  const statuses: SyncStatus[] = [];
  const pauses: { ms: number; wake: () => void }[] = [];
  const faults: (() => void | Promise<void>)[] = [];
  const server = {
    committed: new Map<string, number>(),
    change: (ack: Ack): Ack => ack,
    key: signing,
    logEpoch: LOG,
    inFlight: 0,
    mostInFlight: 0,
    /** Epochs that were asked about, in order. */
    asked: [] as string[],
    /** The inventory reported with each of them. */
    reported: [] as (Inventory | null)[],
    /** Pages to return, each once; then empty ones. */
    pages: [] as { changes?: Change[]; whole?: boolean; more?: boolean; cursor?: string }[],
    time: Date.parse('2026-01-01T00:00:00.000Z'),
  };
  const sink: ChangeSink & { at: string; readonly pages: ChangesPage[]; restarts: number } = {
    at: '',
    pages: [],
    restarts: 0,
    cursor: () => sink.at,
    presenceAfter: () => null,
    async apply(page) {
      sink.pages.push(page);
      sink.at = page.cursor;
    },
    restart() {
      sink.restarts += 1;
      sink.at = '';
    },
  };
  const answer = (epoch: string) =>
    signAck(
      server.change({
        device: source.device,
        epoch,
        committed: server.committed.get(epoch) ?? 0,
        safe: 0,
        logEpoch: server.logEpoch,
        serverTime: new Date(server.time++).toISOString(),
      }),
      server.key,
    );
  const transport: Transport = {
    name: 'https',
    onNudge: null,
    async exchange(kind, sealed) {
      server.mostInFlight = Math.max(server.mostInFlight, ++server.inFlight);
      try {
        await faults.shift()?.();
        if (kind === 'ask') return await page(sealed);
        const { header, body } = await openBatch(
          sealed,
          { sealing: async () => sealing, device: async () => publicHalf(secret.signing) },
          { serverId: bundle.serverId, device: source.device },
        );
        received.push(body.events.map((_e, i) => header.first + i));
        const before = server.committed.get(header.epoch) ?? 0;
        if (header.first <= before + 1) server.committed.set(header.epoch, Math.max(before, header.last));
        return await answer(header.epoch);
      } finally {
        server.inFlight -= 1;
      }
    },
    close: async () => undefined,
  };
  const sealingKey = async () => sealing;
  const page = async (sealed: string): Promise<string> => {
    const { header, ask } = await openAsk(
      sealed,
      { sealing: sealingKey, device: async () => publicHalf(secret.signing) },
      { serverId: bundle.serverId, device: source.device },
    );
    if (ask.what !== 'changes') throw new Error('another ask');
    server.asked.push(ask.epoch);
    server.reported.push(ask.report ?? null);
    const given = ask.limit === 1 ? {} : (server.pages.shift() ?? {});
    return sealPage(
      {
        what: 'changes',
        device: source.device,
        jti: header.jti,
        whole: given.whole ?? false,
        changes: given.changes ?? [],
        cursor: given.cursor ?? (ask.cursor || 'c0'),
        more: given.more ?? false,
        presence: [],
        ack: await answer(ask.epoch),
      },
      { signing: server.key, device: publicHalf(secret.sealing) },
    );
  };
  const engine = new SyncEngine({
    secret,
    bundle,
    source,
    transport,
    changes: sink,
    onStatus: (s) => statuses.push(s),
    runtime: {
      now: () => clock.now,
      random: () => 0.5,
      after(ms, wake) {
        const pause = { ms, wake };
        pauses.push(pause);
        return () => void pauses.splice(pauses.indexOf(pause), 1);
      },
    },
    ...options,
  });
  /** Runs until the engine waits. Returns for how long, ms. */
  const untilPause = async (): Promise<number> => {
    while (pauses.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return pauses[0]!.ms;
  };
  const wake = () => pauses.splice(0, 1)[0]!.wake();
  return {
    clock,
    source,
    secret,
    server,
    sink,
    transport,
    received,
    statuses,
    pauses,
    faults,
    engine,
    untilPause,
    wake,
  };
}

export const fail = (code: string) => () => {
  throw Problem.from({ code, message: code, nextStep: '' });
};

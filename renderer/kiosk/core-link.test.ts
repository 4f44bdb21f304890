import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Channel, Inbox } from '../../electron/contract/channel.ts';
import type { CoreState } from '../../electron/contract/host.ts';
import type { CoreMethods, Hello, Status } from '../../electron/contract/methods.ts';
import { type RpcServer, serveCore } from '../../electron/contract/rpc.ts';
import { linkCore } from './core-link.ts';

const HELLO: Hello = {
  version: '0',
  commit: '0123456789abcdef0123456789abcdef01234567',
  site: 'Test',
  device: '0192f5a0-0000-7000-8000-000000000001',
  languages: ['en'],
  defaultLanguage: 'en',
  demo: false,
  undoMs: 1,
};
const STATUS: Status = {
  online: true,
  queued: 0,
  oldestQueuedAt: null,
  lastSyncAt: null,
  storage: 'ok',
  people: 0,
  face: { use: 'alone' },
  checkinMethods: ['face', 'pin', 'qr', 'badge'],
  reader: false,
  liveness: 'standard',
  consentAge: 18,
  privacy: { controller: '', contact: '', dpo: '', photoDays: 1, gpsDays: 0 },
  notices: [],
  settings: { site: '', timeZone: 'UTC', language: 'en', theme: 'auto' as const, volume: 100, low: false },
  setup: null,
  camera: null,
  update: null,
  watched: false,
};

/** Both ends of a connection, in memory. */
function line(): [Channel, Channel] {
  const boxes = [new Inbox(), new Inbox()] as const;
  const end = (mine: Inbox, other: Inbox): Channel => ({
    post: (message) => void queueMicrotask(() => other.deliver(structuredClone(message))),
    on: (receive) => mine.on(receive),
    onClose: (fn) => mine.onClose(fn),
    close() {
      mine.end();
      other.end();
    },
  });
  return [end(boxes[0], boxes[1]), end(boxes[1], boxes[0])];
}

function core() {
  const state: { up: boolean; host: CoreState | null; server: RpcServer | null } = {
    up: true,
    host: null,
    server: null,
  };
  const methods = { hello: async () => HELLO, status: async () => STATUS } as unknown as CoreMethods;
  return {
    state,
    methods,
    carrier: {
      async open() {
        if (!state.up) return null;
        const [screen, other] = line();
        state.server = serveCore(other, methods, { log: () => undefined });
        return screen;
      },
      coreState: async () => state.host,
    },
  };
}

describe('the link to the core', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('is up with what the core reports about itself, and receives its pushes', async () => {
    const k = core();
    const link = linkCore(k.carrier);
    await vi.advanceTimersByTimeAsync(1);
    expect(link.state.value.kind).toBe('up');
    expect(link.hello.value?.site).toBe('Test');
    k.state.server!.signal('status', { ...STATUS, queued: 3 });
    await vi.advanceTimersByTimeAsync(1);
    expect(link.status.value?.queued).toBe(3);
    link.stop();
  });

  it('reports that the core is lost, and reconnects within a second of its return, with a new generation', async () => {
    const k = core();
    const link = linkCore(k.carrier);
    await vi.advanceTimersByTimeAsync(1);
    expect(link.generation.value).toBe(1);
    k.state.up = false;
    k.state.server!.close();
    await vi.advanceTimersByTimeAsync(1);
    expect(link.state.value.kind).toBe('lost');
    await expect(link.core.visitBegin({})).rejects.toMatchObject({ code: 'rpc-closed' });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(link.state.value.kind).toBe('lost');
    k.state.up = true;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(link.state.value.kind).toBe('up');
    expect(link.generation.value).toBe(2);
    link.stop();
  });

  it('shows why the core refuses to start, and connects when it no longer does', async () => {
    const k = core();
    k.state.up = false;
    k.state.host = { state: 'refused', code: 'store-wrong-key', message: 'wrong key', nextStep: 'do this' };
    const link = linkCore(k.carrier);
    await vi.advanceTimersByTimeAsync(1);
    expect(link.state.value).toEqual({
      kind: 'refused',
      why: { code: 'store-wrong-key', message: 'wrong key', nextStep: 'do this' },
    });
    k.state.up = true;
    await vi.advanceTimersByTimeAsync(3_100);
    expect(link.state.value.kind).toBe('up');
    link.stop();
  });

  it('reports a core of another version as refused instead of a blank screen', async () => {
    const k = core();
    (k.methods as { hello: unknown }).hello = async () => ({ ...HELLO, liveness: 'maybe' });
    const link = linkCore(k.carrier);
    await vi.advanceTimersByTimeAsync(1);
    expect(link.state.value).toMatchObject({ kind: 'refused', why: { code: 'internal' } });
    link.stop();
  });

  it('makes no further attempt once it is stopped', async () => {
    const k = core();
    k.state.up = false;
    const link = linkCore(k.carrier);
    await vi.advanceTimersByTimeAsync(1);
    expect(vi.getTimerCount()).toBe(1);
    link.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});

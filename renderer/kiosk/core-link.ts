import { type ReadonlySignal, signal } from '@preact/signals';
import type { Channel } from '../../electron/contract/channel.ts';
import type { CoreState } from '../../electron/contract/host.ts';
import type { Arrival, CoreClient, Hello, MethodName, Status } from '../../electron/contract/methods.ts';
import { connectClient, type RpcClient } from '../../electron/contract/rpc.ts';
import { RpcError, wireError } from '../../electron/contract/rpc-error.ts';

/** Why the core refused to start: a code, a sentence and a next step, shown as they are. */
export interface CoreError {
  readonly code: string;
  readonly message: string;
  readonly nextStep: string;
}

/** `lost`: the core was connected and is not any more. `connecting`: it has not been connected yet. */
export type LinkState =
  | { kind: 'connecting' }
  | { kind: 'up' }
  | { kind: 'lost' }
  | { kind: 'refused'; why: CoreError };

export interface CoreLink {
  /** All methods of the core. While disconnected, each rejects with `rpc-closed`. */
  readonly core: CoreClient;
  readonly state: ReadonlySignal<LinkState>;
  /** What the core last reported about itself; kept while disconnected. */
  readonly hello: ReadonlySignal<Hello | null>;
  readonly status: ReadonlySignal<Status | null>;
  /** Counts connections. Whatever began under an earlier number (a visit, a staff session) is over. */
  readonly generation: ReadonlySignal<number>;
  /** Calls `listener` with what a reader at the kiosk reads. Returns a function that unsubscribes. */
  onArrival(listener: (arrival: Arrival) => void): () => void;
  stop(): void;
}

/** How the connection is opened, and what the host reports about the core until then. See electron/contract/connect.ts. */
export interface Carrier {
  open(): Promise<Channel | null>;
  coreState(): Promise<CoreState | null>;
}

/** Delays between attempts, ms. Short at first, since the core is back within two seconds. */
const RETRY_MS = [250, 400, 600, 800];
/** A refused start has to be fixed by a person, so it is retried less often. */
const REFUSED_RETRY_MS = 3_000;

export function linkCore(carrier: Carrier): CoreLink {
  const state = signal<LinkState>({ kind: 'connecting' });
  const hello = signal<Hello | null>(null);
  const status = signal<Status | null>(null);
  const generation = signal(0);
  const arrivals = new Set<(arrival: Arrival) => void>();
  let current: RpcClient | null = null;
  let stopped = false;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const later = (ms: number): void => {
    if (!stopped) timer = setTimeout(() => void connect(), ms);
  };
  const down = (): void => {
    if (state.value.kind !== 'refused') state.value = { kind: hello.value ? 'lost' : 'connecting' };
  };
  const failed = (): void => {
    down();
    later(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]!);
  };
  const refused = (why: CoreError): void => {
    state.value = { kind: 'refused', why };
    later(REFUSED_RETRY_MS);
  };

  async function connect(): Promise<void> {
    const channel = await carrier.open();
    if (stopped) return channel?.close();
    if (!channel) {
      const host = await carrier.coreState();
      if (stopped) return;
      if (host?.state === 'refused')
        return refused({ code: host.code ?? 'internal', message: host.message, nextStep: host.nextStep });
      if (state.value.kind === 'refused') state.value = { kind: 'connecting' };
      return failed();
    }
    await use(channel);
  }

  async function use(channel: Channel): Promise<void> {
    const rpc = connectClient(channel);
    rpc.onSignal('status', (next) => {
      status.value = next;
    });
    rpc.onSignal('arrival', (arrival) => {
      for (const listener of arrivals) listener(arrival);
    });
    let answered = false;
    void rpc.closed.then(() => {
      if (current === rpc) current = null;
      if (!answered) return;
      down();
      later(RETRY_MS[0]!);
    });
    try {
      const [first, now] = await Promise.all([rpc.client.hello({}), rpc.client.status({})]);
      status.value = now;
      answered = true;
      current = rpc;
      failures = 0;
      hello.value = first;
      generation.value += 1;
      state.value = { kind: 'up' };
    } catch (error) {
      rpc.close();
      // A core that is reachable but fails to say hello is another version, or broken. Show that, and keep trying.
      if (error instanceof RpcError && error.code !== 'rpc-closed' && error.code !== 'rpc-timeout') refused(error);
      else failed();
    }
  }

  const core = new Proxy({} as CoreClient, {
    get: (_, method: MethodName) => (input: never) =>
      current
        ? (current.client[method] as (i: never) => Promise<unknown>)(input)
        : Promise.reject(new RpcError(wireError('rpc-closed'))),
  });

  void connect();
  return {
    core,
    state,
    hello,
    status,
    generation,
    onArrival(listener) {
      arrivals.add(listener);
      return () => arrivals.delete(listener);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      current?.close();
    },
  };
}

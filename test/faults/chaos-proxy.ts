import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy between two parts of the system that simulates network faults. */
export interface ChaosProxy {
  readonly port: number;
  /** Currently open connections. */
  readonly open: number;
  /** Bytes carried since the start, both directions. */
  readonly carried: number;
  /** Chunks that were swallowed, delayed, duplicated or reordered since the start. */
  readonly harmed: number;
  /** Ends every connection with a reset. */
  cut(): void;
  /** Refuses new connections and cuts open ones, until `heal`. */
  refuse(): void;
  /** Drops all data silently until `heal`. */
  blackhole(): void;
  /** Delays every chunk by `ms` until `heal`. */
  delay(ms: number): void;
  /** Ends one direction of every connection and leaves the other open. */
  halfClose(side: 'client' | 'server'): void;
  /** Sends the next chunk towards the server twice, or its second half before its first. */
  garble(how: 'duplicate' | 'reorder'): void;
  heal(): void;
  /** Target of new connections from now on. */
  target: { host: string; port: number };
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/** Starts a proxy on a free port of the loopback interface. */
export async function chaosProxy(target: { host: string; port: number }): Promise<ChaosProxy> {
  const pairs = new Set<Pair>();
  let carried = 0;
  let harmed = 0;
  let hole = false;
  let refusing = false;
  let delayMs = 0;
  let garbling: 'duplicate' | 'reorder' | null = null;
  const state = { target };

  const forward = (from: Socket, to: Socket, up: boolean) => {
    let chain = Promise.resolve();
    const write = (chunk: Buffer) => {
      carried += chunk.length;
      if (!to.destroyed && to.writable && !to.write(chunk)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    };
    from.on('data', (chunk: Buffer) => {
      if (hole) {
        harmed += 1; // swallowed
        return;
      }
      if (delayMs > 0) {
        harmed += 1;
        const wait = delayMs;
        chain = chain.then(() => new Promise((resolve) => setTimeout(resolve, wait))).then(() => write(chunk));
        return;
      }
      if (up && garbling === 'duplicate') {
        garbling = null;
        harmed += 1;
        write(chunk);
        write(chunk);
        return;
      }
      if (up && garbling === 'reorder') {
        garbling = null;
        harmed += 1;
        const half = chunk.length >> 1;
        write(chunk.subarray(half));
        write(chunk.subarray(0, half));
        return;
      }
      void chain.then(() => write(chunk));
    });
    from.on('end', () => {
      if (!hole) void chain.then(() => to.end());
    });
    from.on('error', () => to.destroy());
    from.on('close', () => {
      if (!hole) void chain.then(() => to.destroy());
    });
  };

  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (refusing) {
      client.destroy();
      return;
    }
    const upstream = connect({ ...state.target, allowHalfOpen: true });
    const pair: Pair = { client, server: upstream };
    pairs.add(pair);
    const gone = () => {
      if (client.destroyed && upstream.destroyed) pairs.delete(pair);
    };
    client.on('close', gone);
    upstream.on('close', gone);
    forward(client, upstream, true);
    forward(upstream, client, false);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const cut = () => {
    for (const { client, server: upstream } of pairs) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
    pairs.clear();
  };
  return {
    port: (server.address() as { port: number }).port,
    get open() {
      return pairs.size;
    },
    get carried() {
      return carried;
    },
    get harmed() {
      return harmed;
    },
    get target() {
      return state.target;
    },
    set target(next) {
      state.target = next;
    },
    cut,
    refuse() {
      refusing = true;
      cut();
    },
    blackhole() {
      hole = true;
    },
    delay(ms) {
      delayMs = ms;
    },
    halfClose(side) {
      for (const pair of pairs) (side === 'client' ? pair.client : pair.server).end();
    },
    garble(how) {
      garbling = how;
    },
    heal() {
      const wasHole = hole;
      hole = false;
      refusing = false;
      delayMs = 0;
      garbling = null;
      // The swallowed bytes are missing from the streams, so the connections can't continue.
      if (wasHole) cut();
    },
    close: () =>
      new Promise((resolve) => {
        cut();
        server.close(() => resolve());
      }),
  };
}

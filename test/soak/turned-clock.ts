import { subscribe } from 'node:diagnostics_channel';
import { rmSync } from 'node:fs';
import type { ClientRequest } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What a process with a turned clock answers: bytes, after garbage collection. */
export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
}

/**
 * Gives this process a clock that another process advances. `Date`, `performance` and the timers use it; nothing else changes.
 * Between advances it runs like the machine's. Must be called before anything reads a clock.
 *
 * Another process writes lines to the socket. `turn MS` is answered once every timer that has become due was called (each once,
 * as after a machine has slept) and no request to a server is pending. `memory` is answered with JSON.
 *
 * @param behind how far it begins behind the machine's clock, ms
 */
export async function turnClock(socket: string, behind: number): Promise<void> {
  const real = {
    Date,
    now: performance.now.bind(performance),
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setImmediate: globalThis.setImmediate,
  };
  const origin = real.Date.now() - behind;
  let turned = 0;
  const passed = () => real.now() + turned;
  const started = real.now();
  const wall = () => Math.floor(origin + passed() - started);

  class TurnedDate extends real.Date {
    constructor(...args: unknown[]) {
      super(...((args.length === 0 ? [wall()] : args) as []));
    }
    static override now = wall;
    static override [Symbol.hasInstance](value: unknown): boolean {
      return value instanceof real.Date;
    }
  }
  globalThis.Date = TurnedDate as DateConstructor;
  performance.now = passed;

  interface Timer {
    due: number;
    readonly every: number | null;
    readonly ms: number;
    readonly call: () => void;
    live: boolean;
    held: boolean;
    machine: NodeJS.Timeout | null;
  }
  const timers = new Set<Timer>();
  const drop = (timer: Timer) => {
    timer.live = false;
    timers.delete(timer);
    if (timer.machine) real.clearTimeout(timer.machine);
  };
  /** Sets the machine's timer, which applies as long as the clock is not advanced. */
  function arm(timer: Timer): void {
    if (timer.machine) real.clearTimeout(timer.machine);
    timer.machine = real.setTimeout(() => fire(timer), Math.min(2 ** 31 - 1, Math.max(0, timer.due - passed())));
    if (!timer.held) timer.machine.unref();
  }
  function fire(timer: Timer): void {
    if (!timer.live) return;
    if (timer.due - passed() > 1) return void arm(timer); // longer than the machine's longest timer
    if (timer.every === null) drop(timer);
    else {
      timer.due = passed() + timer.every;
      arm(timer);
    }
    timer.call();
  }
  function make(call: (...args: unknown[]) => void, ms: number | undefined, every: boolean, args: unknown[]): unknown {
    const wait = Math.max(1, Number(ms) || 1);
    const timer: Timer = {
      due: passed() + wait,
      every: every ? wait : null,
      ms: wait,
      call: () => call(...args),
      live: true,
      held: true,
      machine: null,
    };
    timers.add(timer);
    arm(timer);
    const held = (is: boolean) => {
      timer.held = is;
      timer.machine?.[is ? 'ref' : 'unref']();
      return handle;
    };
    const handle = {
      ref: () => held(true),
      unref: () => held(false),
      hasRef: () => timer.held,
      refresh() {
        timer.due = passed() + timer.ms;
        if (timer.live) arm(timer);
        return handle;
      },
      close: () => drop(timer),
      [Symbol.dispose]: () => drop(timer),
    };
    handles.set(handle, timer);
    return handle;
  }
  const handles = new WeakMap<object, Timer>();
  const clear = (handle: unknown) => {
    const timer = typeof handle === 'object' && handle ? handles.get(handle) : undefined;
    if (timer) drop(timer);
    else real.clearTimeout(handle as NodeJS.Timeout);
  };
  globalThis.setTimeout = ((call: never, ms?: number, ...args: unknown[]) =>
    make(call, ms, false, args)) as unknown as typeof setTimeout;
  globalThis.setInterval = ((call: never, ms?: number, ...args: unknown[]) =>
    make(call, ms, true, args)) as unknown as typeof setInterval;
  globalThis.clearTimeout = clear as typeof clearTimeout;
  globalThis.clearInterval = clear as typeof clearInterval;

  let underWay = 0;
  subscribe('http.client.request.start', (message) => {
    underWay++;
    (message as { request: ClientRequest }).request.once('close', () => void underWay--);
  });
  const breath = () => new Promise<void>((resolve) => real.setImmediate(resolve));
  async function settled(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      await breath();
      while (underWay > 0) {
        await new Promise((resolve) => real.setTimeout(resolve, 1));
        quiet = 0;
      }
    }
  }
  async function turn(ms: number): Promise<void> {
    await settled();
    turned += ms;
    for (const timer of [...timers].filter(({ due }) => due <= passed()).sort((a, b) => a.due - b.due)) {
      fire(timer);
      await breath();
    }
    await settled();
  }

  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  async function memory(): Promise<Memory> {
    // Memory freed in one collection lets the next free more, since finalizers of native buffers run in between.
    for (let i = 0; i < 3; i++) {
      collect();
      await breath();
    }
    return process.memoryUsage();
  }

  async function serve(connection: Socket): Promise<void> {
    for await (const line of createInterface({ input: connection })) {
      const [what, ms] = line.split(' ');
      if (what === 'turn') await turn(Number(ms));
      connection.write(`${JSON.stringify(what === 'memory' ? await memory() : { at: wall() })}\n`);
    }
  }
  rmSync(socket, { force: true });
  const server = createServer((connection) => void serve(connection).catch(() => connection.destroy()));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  server.unref();
}

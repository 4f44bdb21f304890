import { setTimeout } from 'node:timers/promises';
import type { Channel } from '../../contract/channel.ts';
import { type CoreMessage, HostMessage } from '../../contract/host.ts';
import { type RpcServer, serveCore } from '../../contract/rpc.ts';
import type { Core, CoreOptions, StartCore } from '../interface.ts';

/** The core process's connection to its host, whatever the host is. */
export interface HostLink {
  readonly host: 'browser' | 'electron';
  post(message: CoreMessage): void;
  /** `handle`: the socket or port that was passed with a `connect`. */
  onMessage(receive: (message: unknown, handle: unknown) => void): void;
  onDisconnect(fn: () => void): void;
  /** Turns the handle of a `connect` into a channel; null if that is impossible. */
  accept(message: Extract<HostMessage, { type: 'connect' }>, handle: unknown): Promise<Channel | null>;
  /** Exits the process once everything posted has been sent. */
  exit(code: number): Promise<never>;
}

const EXIT = { stopped: 0, crashed: 1, refused: 3 } as const;

/**
 * Runs the core in its own process: waits for `start`, serves every screen that connects, and exits when the host says so or has
 * exited. Coded errors of `startCore` are sent to the host as `refused`; anything else is a crash.
 */
export function runCoreProcess(link: HostLink, startCore: StartCore): void {
  const screens = new Set<RpcServer>();
  let started = false;
  let core: Core | null = null;
  const begun = Promise.withResolvers<Core>();

  const log: CoreOptions['log'] = (level, message, fields = {}) => {
    link.post({ type: 'log', level, message, fields: plainFields(fields) });
  };

  async function start(message: Extract<HostMessage, { type: 'start' }>): Promise<void> {
    if (started) return log('warn', 'core: a second start was ignored');
    started = true;
    const { home, demo, deviceSecret, slots, mayEnd } = message;
    try {
      core = await startCore({
        home,
        demo,
        host: link.host,
        log,
        slots,
        ...(mayEnd && { end: (why) => link.post({ type: 'end', why }) }),
        deviceSecret: deviceSecret ? Buffer.from(deviceSecret, 'base64') : null,
        async busy(busy) {
          link.post({ type: 'busy', busy });
          // Posted messages are sent in the next turns of the event loop.
          await setTimeout(50);
        },
        restart({ browser }) {
          log('info', 'core: requesting a restart', { browser });
          link.post({ type: 'restart', browser });
          stop().catch(failed);
        },
      });
    } catch (error) {
      const coded = codedError(error);
      if (!coded) {
        log('error', 'core: could not start', { error });
        return link.exit(EXIT.crashed);
      }
      link.post({ type: 'refused', ...coded });
      return link.exit(EXIT.refused);
    }
    core.onSignal((name, data) => {
      for (const screen of screens) screen.signal(name, data);
    });
    begun.resolve(core);
    link.post({ type: 'ready' });
  }

  async function connect(message: Extract<HostMessage, { type: 'connect' }>, handle: unknown): Promise<void> {
    const channel = await link.accept(message, handle);
    if (!channel) return log('warn', 'core: a screen could not be connected');
    // A screen that connects early waits: its messages are kept until then, and its channel closes if the core doesn't start.
    const { methods } = await begun.promise;
    const screen = serveCore(channel, methods, { log });
    screens.add(screen);
    await screen.closed;
    screens.delete(screen);
    if (screens.size === 0 && !stopping) core?.leave();
  }

  let stopping = false;
  async function stop(): Promise<void> {
    if (stopping) return;
    stopping = true;
    for (const screen of screens) screen.close();
    try {
      await core?.close();
    } catch (error) {
      log('error', 'core: could not close', { error });
      return link.exit(EXIT.crashed);
    }
    return link.exit(EXIT.stopped);
  }

  const failed = (error: unknown): void => {
    log('error', 'core: failed', { error });
    void link.exit(EXIT.crashed);
  };
  link.onMessage((raw, handle) => {
    const parsed = HostMessage.safeParse(raw);
    if (!parsed.success) return log('warn', 'core: unknown message from the host');
    const message = parsed.data;
    if (message.type === 'start') start(message).catch(failed);
    else if (message.type === 'connect') connect(message, handle).catch(failed);
    else if (message.type === 'ping') link.post({ type: 'pong', n: message.n, screens: screens.size });
    else stop().catch(failed);
  });
  link.onDisconnect(() => void stop().catch(failed));
}

/** Returns the three strings of a Problem, or null for an error without a code that people can look up. */
export function codedError(error: unknown): { code: string; message: string; nextStep: string } | null {
  if (!(error instanceof Error) || !('code' in error) || !('nextStep' in error)) return null;
  if (typeof error.code !== 'string' || !/^[a-z0-9-]{1,60}$/.test(error.code)) return null;
  return { code: error.code, message: error.message, nextStep: String(error.nextStep) };
}

/** Converts log fields to what JSON can hold; errors with code, message, stack and causes. */
export function plainFields(fields: Record<string, unknown>): Record<string, unknown> {
  const plain = (value: unknown, depth: number): unknown => {
    if (value instanceof Error && depth < 4) {
      const code = 'code' in value ? { code: String(value.code) } : {};
      const cause = value.cause === undefined ? {} : { cause: plain(value.cause, depth + 1) };
      return { name: value.name, ...code, message: value.message, stack: value.stack, ...cause };
    }
    return value;
  };
  const errorsOpened = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plain(value, 0)]));
  try {
    return JSON.parse(JSON.stringify(errorsOpened, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v)));
  } catch (error) {
    return { unprintable: String(error) };
  }
}

import type { CoreOptions } from '../../interface.ts';
import type { Line } from '../config.ts';
import { findPort, type OpenPort, type SerialPorts } from './port.ts';

/** `absent`: nothing there to open; `refused`: present, but can't be opened; `silent`: open, but sends nothing. */
export type PortState = 'absent' | 'refused' | 'silent' | 'ok';

export interface KeptPort {
  readonly state: PortState;
  /** Where it was found; null while it is missing. */
  readonly path: string | null;
  /** The driver's message about why it could not be opened; null otherwise. */
  readonly trouble: string | null;
  /** The open port, for writing; null while there is none. */
  readonly port: OpenPort | null;
  /** Drops the connection and looks for the port again immediately. */
  reopen(why: string): void;
  stop(): Promise<void>;
}

export interface KeptPortOptions {
  readonly ports: SerialPorts;
  readonly name: string;
  readonly line: Line;
  readonly monotonic: () => number;
  readonly log: CoreOptions['log'];
  /** Interval between polls of what is plugged in, ms; a second by default. */
  readonly pollMs?: number | undefined;
  /** An open port that is silent for longer is reopened, ms; absent if silence means nothing. */
  readonly silenceMs?: number;
  /** State of the port's outputs from the moment it opens. */
  readonly rest?: { rts: boolean; dtr: boolean };
  readonly onData: (bytes: Uint8Array) => void;
  /** Called after opening. If it throws, the port counts as unusable. */
  readonly onOpen?: (port: OpenPort) => Promise<void>;
  readonly onDisconnect?: () => void;
  readonly onState: () => void;
}

/**
 * Keeps one port open for as long as the core runs: finds it, opens it, notices that it has disappeared (by the driver, its path,
 * another device in its place, or silence), and reopens it when it is back.
 */
export function keepPort(options: KeptPortOptions): KeptPort {
  const { ports, name, line, monotonic, log, pollMs = 1_000 } = options;
  const kept: { -readonly [K in 'state' | 'path' | 'trouble' | 'port']: KeptPort[K] } = {
    state: 'absent',
    path: null,
    trouble: null,
    port: null,
  };
  let identity: string | null = null;
  /** When bytes last arrived, ms of the monotonic clock; null for never. */
  let heardAt: number | null = null;
  /** When it was opened or bytes last arrived: the start of the silence. */
  let since = 0;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let polling: Promise<void> | null = null;
  /** Each connection has a number, so that late events of an earlier one are ignored. */
  let connection = 0;

  function become(next: PortState, why: string | null = null): void {
    const changed = kept.state !== next;
    kept.state = next;
    kept.trouble = next === 'refused' ? why : null;
    if (!changed) return;
    const level = next === 'ok' ? 'info' : 'warn';
    log(level, `devices: ${name} is ${next}`, { path: kept.path, ...(why && { why }) });
    options.onState();
  }

  async function drop(next: PortState, why: string | null): Promise<void> {
    const old = kept.port;
    connection++;
    kept.port = null;
    options.onDisconnect?.();
    become(next, why);
    await old?.close();
  }

  async function connect(): Promise<void> {
    let found: string | null;
    try {
      found = findPort(line.port, typeof line.port === 'string' ? [] : await ports.list());
    } catch (error) {
      // On Linux, udev is asked what is plugged in.
      become('refused', error instanceof Error ? error.message : String(error));
      return;
    }
    // Before opening: a device that changes meanwhile is reopened with the next poll.
    identity = found === null ? null : await ports.identity(found);
    if (found === null || identity === null) {
      kept.path = null;
      become('absent');
      return;
    }
    kept.path = found;
    const mine = ++connection;
    try {
      const opened = await ports.open(
        found,
        line,
        {
          onData(bytes) {
            if (mine !== connection) return;
            heardAt = monotonic();
            since = heardAt;
            if (kept.port) become('ok');
            options.onData(bytes);
          },
          onDisconnect(error) {
            if (mine === connection) void drop('absent', error?.message ?? null).then(poll);
          },
        },
        options.rest,
      );
      if (mine !== connection || stopped) {
        await opened.close();
        return;
      }
      since = monotonic();
      try {
        await options.onOpen?.(opened);
      } catch (error) {
        await opened.close();
        throw error;
      }
      if (mine !== connection) {
        await opened.close(); // the port disappeared, or is no longer wanted, while it was prepared
        return;
      }
      kept.port = opened;
      // A port that was silent has to send something before it counts as `ok` again.
      if (kept.state !== 'silent' || options.silenceMs === undefined || (heardAt ?? 0) >= since) become('ok');
    } catch (error) {
      if (mine === connection) become('refused', error instanceof Error ? error.message : String(error));
    }
  }

  async function pollOnce(): Promise<void> {
    if (stopped) return;
    if (!kept.port) {
      await connect();
      return;
    }
    const there = kept.path === null ? null : await ports.identity(kept.path);
    if (there !== identity && kept.port) {
      await drop('absent', there === null ? 'its path no longer exists' : 'another device is in its place');
      if (there !== null) await connect();
      return;
    }
    if (options.silenceMs !== undefined && kept.port && monotonic() - since > options.silenceMs) {
      await drop('silent', 'it sent nothing for too long');
      await connect();
    }
  }

  /** Runs one poll at a time, the next after `pollMs`, whatever the result. */
  function poll(): void {
    clearTimeout(timer);
    if (stopped) return;
    polling ??= pollOnce()
      .catch((error: unknown) => log('error', `devices: ${name} can’t be monitored`, { error }))
      .finally(() => {
        polling = null;
        if (stopped) return;
        timer = setTimeout(poll, pollMs);
        timer.unref();
      });
  }

  poll();
  return Object.assign(kept, {
    reopen(why: string) {
      void drop('refused', why).then(poll);
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      connection++;
      await polling;
      const old = kept.port;
      kept.port = null;
      await old?.close();
    },
  });
}

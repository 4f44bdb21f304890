import { Problem } from '../../../../sync/errors/problem.ts';
import type { CoreOptions } from '../../interface.ts';
import { createMutex } from '../../mutex.ts';
import type { Door, RelayProtocol } from '../config.ts';
import { type KeptPort, type KeptPortOptions, keepPort, type PortState } from '../serial/kept-port.ts';
import { type OpenPort, type SerialPorts, within } from '../serial/port.ts';

/** A command that takes longer than this has failed, ms. */
const COMMAND_MS = 1_000;
/** How far past its pulse the door may stay open before the watchdog closes the connection, ms. */
const GRACE_MS = 1_500;
const WATCH_MS = 250;

export type DoorRelay = ReturnType<typeof createDoorRelay>;

export interface DoorOptions {
  readonly config: Door;
  readonly ports: SerialPorts;
  readonly monotonic: () => number;
  readonly log: CoreOptions['log'];
  readonly pollMs?: number | undefined;
  readonly onState: () => void;
}

/**
 * Controls one relay. At rest the door is locked; a pulse opens it. Two things end the pulse: its own timer, and an independent
 * watchdog that drops and rebuilds the connection if the relay does not take the command. Whenever the port opens, the relay is
 * first set to rest: a door left open by a program that died is locked when the next one starts, and not before
 * (docs/install/devices.md says which relay to use if that is too late).
 */
export function createDoorRelay({ config, ports, monotonic, log, pollMs, onState }: DoorOptions) {
  const { protocol, mode } = config;
  /** Returns whether current flows in this state of the door. */
  const current = (open: boolean): boolean => (mode === 'fail-secure' ? open : !open);
  /** When the pulse has to end, ms of the monotonic clock; null while the door is at rest. */
  let until: number | null = null;
  let began: number | null = null;
  let held = false;
  let closing: NodeJS.Timeout | undefined;
  /** One command at a time: a pulse must not overtake the end of the previous one. */
  const exclusive = createMutex();

  const kept: KeptPort = keepPort({
    ports,
    name: 'the door relay',
    line: config,
    monotonic,
    log,
    pollMs,
    ...restLines(protocol, current(false)),
    onData: () => undefined, // some boards answer, but nothing depends on it
    onState,
    async onOpen(port) {
      await command(port, false);
      clearTimeout(closing);
      until = null;
      mark(false);
    },
    onDisconnect() {
      clearTimeout(closing);
    },
  });

  function mark(next: boolean): void {
    if (held === next) return;
    held = next;
    if (next) log('error', 'door: the relay did not accept the command to close; reconnecting');
    else log('info', 'door: the relay accepts the command to close again');
    onState();
  }

  const command = (port: OpenPort, open: boolean): Promise<void> =>
    within(COMMAND_MS, 'the relay did not accept a command in time', switchRelay(port, protocol, current(open)));

  function shutLater(): void {
    clearTimeout(closing);
    closing = setTimeout(() => void exclusive(shut), Math.max(0, (until ?? 0) - monotonic()) + 1);
  }

  async function shut(): Promise<void> {
    const port = kept.port;
    if (until === null) return; // already at rest
    if (monotonic() < until) {
      shutLater(); // another pulse has extended it
      return;
    }
    if (!port) return; // reopening the port locks it
    try {
      await command(port, false);
      until = null;
      mark(false);
    } catch (error) {
      log('error', 'door: the command to close failed', { error });
      mark(true);
      kept.reopen('the relay accepts no commands');
    }
  }

  /** The pulse's own timer may be lost or late; the watchdog checks the clock. */
  const watchdog = setInterval(() => {
    if (until === null || monotonic() < until + GRACE_MS || held) return;
    mark(true);
    kept.reopen('the pulse did not end');
  }, WATCH_MS);
  watchdog.unref();

  return {
    /**
     * Opens the door for the configured time. During a pulse, restarts that time from now.
     * @throws Problem `door-absent`, `door-failed`
     */
    pulse: (): Promise<void> =>
      exclusive(async () => {
        const port = kept.port;
        if (!port) throw new Problem('door-absent');
        const ms = config.pulseSeconds * 1000;
        // Set before the command: even a command that is only half sent has to be ended.
        until = monotonic() + ms;
        began = monotonic();
        try {
          await command(port, true);
        } catch (cause) {
          until = monotonic();
          mark(true);
          kept.reopen('the relay accepts no commands');
          throw new Problem('door-failed', { cause });
        }
        shutLater();
      }),
    /** `held`: the door should have been locked again, but the relay did not take the command. */
    state: (): PortState | 'held' => (held ? 'held' : kept.state),
    port: kept as Pick<KeptPort, 'path' | 'trouble'>,
    open: (): boolean => until !== null,
    /** Ms since the last pulse began; null if there was none. */
    sinceMs: (): number | null => (began === null ? null : monotonic() - began),
    /** Switches the current off in either mode: locked if fail-secure, open if fail-safe. */
    async stop(): Promise<void> {
      clearInterval(watchdog);
      clearTimeout(closing);
      const port = kept.port;
      // The same as pulling the cable.
      if (port)
        await exclusive(() => switchRelay(port, protocol, false)).catch((error: unknown) =>
          log('error', 'door: the relay could not be switched off while the kiosk was stopping', { error }),
        );
      await kept.stop();
    },
  };
}

/** Returns a command to an LCUS board: start byte, channel, state, sum of the three. */
function lcus(channel: number, on: boolean): Uint8Array {
  const state = on ? 1 : 0;
  return Uint8Array.of(0xa0, channel, state, (0xa0 + channel + state) & 0xff);
}

/** Switches the current through the relay's coil on or off. @throws if the port can't take the command */
function switchRelay(port: OpenPort, protocol: RelayProtocol, on: boolean): Promise<void> {
  switch (protocol.kind) {
    case 'lcus':
      return port.write(lcus(protocol.channel, on));
    case 'line':
      return port.lines({ [protocol.line]: on !== protocol.inverted });
    case 'bytes':
      return port.write(Uint8Array.from(Buffer.from(on ? protocol.on : protocol.off, 'hex')));
  }
}

/** Returns the state of the port's outputs from opening on, if they switch the relay. */
function restLines(protocol: RelayProtocol, on: boolean): Pick<KeptPortOptions, 'rest'> {
  if (protocol.kind !== 'line') return {};
  const level = on !== protocol.inverted;
  // The other line is kept low. Some boards are powered by it; then the operator has to configure that line.
  return { rest: { rts: false, dtr: false, [protocol.line]: level } };
}

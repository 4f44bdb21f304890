import { Problem } from '../../../../sync/errors/problem.ts';
import type { CoreOptions } from '../../interface.ts';
import { createMutex } from '../../mutex.ts';
import type { Door, RelayProtocol } from '../config.ts';
import { type KeptPort, type KeptPortOptions, keepPort, type PortState } from '../serial/kept-port.ts';
import { type OpenPort, type SerialPorts, within } from '../serial/port.ts';

/** A command that takes longer than this has failed, ms. */
const COMMAND_MS = 1_000;
/** How much longer than its pulse the door may take before the watchdog closes the connection, ms. */
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
 * One relay. It rests shut; a pulse opens it, and two things end the pulse: its own timer, and a watchdog of another that
 * takes the connection down and rebuilds it when the relay does not take the command. At every opening of the port the
 * relay is first commanded to rest: what a program that died had left open is shut as soon as the next one runs, and
 * not before (docs/install/devices.md says which relay to take where that is too late).
 */
export function createDoorRelay({ config, ports, monotonic, log, pollMs, onState }: DoorOptions) {
  const { protocol, mode } = config;
  /** Whether current flows in this state of the door. */
  const current = (open: boolean): boolean => (mode === 'fail-secure' ? open : !open);
  /** Ms of the monotonic clock at which the pulse has to end; null while the door rests. */
  let until: number | null = null;
  let began: number | null = null;
  let held = false;
  let closing: NodeJS.Timeout | undefined;
  /** One command after the other: a pulse must not overtake the end of the one before. */
  const exclusive = createMutex();

  const kept: KeptPort = keepPort({
    ports,
    name: 'the door relay',
    line: config,
    monotonic,
    log,
    pollMs,
    ...restLines(protocol, current(false)),
    onData: () => undefined, // some boards answer; nothing depends on it
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
    if (until === null) return; // it rests already
    if (monotonic() < until) {
      shutLater(); // another pulse has made it longer
      return;
    }
    if (!port) return; // opening the port again shuts it
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

  /** The pulse's own timer may be lost or late; this one checks the clock. */
  const watchdog = setInterval(() => {
    if (until === null || monotonic() < until + GRACE_MS || held) return;
    mark(true);
    kept.reopen('the pulse did not end');
  }, WATCH_MS);
  watchdog.unref();

  return {
    /**
     * Opens the door for the configured time; during a pulse, for as long again from now.
     * @throws Problem `door-absent`, `door-failed`
     */
    pulse: (): Promise<void> =>
      exclusive(async () => {
        const port = kept.port;
        if (!port) throw new Problem('door-absent');
        const ms = config.pulseSeconds * 1000;
        // Before the command: one that is only half taken must be ended all the same.
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
    /** `held`: it should have been shut again and that could not be said to it. */
    state: (): PortState | 'held' => (held ? 'held' : kept.state),
    port: kept as Pick<KeptPort, 'path' | 'trouble'>,
    open: (): boolean => until !== null,
    /** Ms since the last pulse began; null for none. */
    sinceMs: (): number | null => (began === null ? null : monotonic() - began),
    /** Takes the current off, whatever the mode: shut where it fails secure, open where it fails safe. */
    async stop(): Promise<void> {
      clearInterval(watchdog);
      clearTimeout(closing);
      const port = kept.port;
      // No current: shut where it fails secure, open where it fails safe. As if the cable were pulled.
      if (port)
        await exclusive(() => switchRelay(port, protocol, false)).catch((error: unknown) =>
          log('error', 'door: the relay could not be switched off while the kiosk was stopping', { error }),
        );
      await kept.stop();
    },
  };
}

/** A command to an LCUS board: start byte, channel, state, sum of the three. */
function lcus(channel: number, on: boolean): Uint8Array {
  const state = on ? 1 : 0;
  return Uint8Array.of(0xa0, channel, state, (0xa0 + channel + state) & 0xff);
}

/** Puts current on the relay's coil, or takes it away. @throws when the port can't take it */
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

/** State of the port's outputs from opening on, where they switch something. */
function restLines(protocol: RelayProtocol, on: boolean): Pick<KeptPortOptions, 'rest'> {
  if (protocol.kind !== 'line') return {};
  const level = on !== protocol.inverted;
  // The other line is left low: some boards take their power from it, and then it is theirs to name it.
  return { rest: { rts: false, dtr: false, [protocol.line]: level } };
}

import { type ErrorCode, Problem } from '../../../sync/errors/problem.ts';
import type { CommandWhat } from '../../../sync/protocol/wire/event.ts';
import type { Command } from '../../../sync/protocol/wire/fleet.ts';
import type { CoreOptions } from '../interface.ts';
import type { OpenCommand } from '../store/device-state.ts';
import type { Store } from '../store/interface.ts';

/** How often open commands are checked without a new page, ms: they may wait for the network, or expire. */
const POLL_MS = 30_000;

export interface CommandsDeps {
  readonly deviceState: Pick<Store['deviceState'], 'commands' | 'answer'>;
  /** Trusted time, ms since 1970: setting the clock back keeps no command alive. */
  readonly now: () => number;
  /** Reports an event to the server now, and waits a while for its acknowledgement, which may not arrive. */
  readonly acknowledged: () => Promise<void>;
  /** Null if nothing can restart this core. */
  readonly restart: (() => void) | null;
  /** @throws Problem of the connection (it is retried), or the server's */
  readonly sendLog: (command: string) => Promise<void>;
  /** Starts sending pictures of the screen. @returns false if that is not allowed */
  readonly watch: (command: string) => boolean;
  /** Destroys everything; returns only after a failure. */
  readonly leave: (command: Command & { readonly what: 'wipe' | 'decommission' }) => Promise<void>;
  readonly log: CoreOptions['log'];
}

/** The server's codes for a log that nobody wants any more. All other problems are temporary. */
const LOG_REFUSED: ReadonlySet<string> = new Set<ErrorCode>(['command-unknown', 'logs-malformed', 'logs-too-large']);

/**
 * Executes the server's commands one after the other, each once: answered commands are no longer open, and a command that may cut
 * the kiosk off is reported as started beforehand.
 */
export function startCommands(deps: CommandsDeps) {
  const { deviceState, log } = deps;
  /** Commands started by this process. A restart that another process started has already happened. */
  const mine = new Set<string>();
  let working = false;
  let again = false;
  let stopped = false;

  async function work(): Promise<void> {
    for (const command of deviceState.commands()) {
      if (stopped) return;
      if (!command.started && Date.parse(command.expires) <= deps.now()) {
        deviceState.answer(command.id, 'expired');
        log('info', 'fleet: a command from the server expired before it was carried out', { what: command.what });
        continue;
      }
      if (command.what === 'decommission' && wipeAsked()) {
        deviceState.answer(command.id, 'failed', 'wiped-instead');
        continue;
      }
      await DOING[command.what](command);
    }
  }

  /** Returns whether a wipe is open: it precedes everything that waits. */
  const wipeAsked = (): boolean =>
    deviceState
      .commands()
      .some(({ what, started, expires }) => what === 'wipe' && (started || Date.parse(expires) > deps.now()));

  const DOING: Readonly<Record<CommandWhat, (command: OpenCommand) => Promise<void>>> = {
    async restart({ id, started }) {
      if (started && !mine.has(id)) return deviceState.answer(id, 'done');
      if (started) return;
      if (!deps.restart) return deviceState.answer(id, 'refused', 'restart-impossible');
      mine.add(id);
      deviceState.answer(id, 'started');
      log('info', 'fleet: the server requested a restart');
      await deps.acknowledged();
      if (!stopped) deps.restart();
    },
    async logs({ id }) {
      try {
        await deps.sendLog(id);
        deviceState.answer(id, 'done');
        log('info', 'fleet: the log was sent to the server');
      } catch (error) {
        const code = error instanceof Problem ? error.code : 'internal';
        if (!(error instanceof Problem)) log('error', 'fleet: the log could not be sent', { error });
        if (LOG_REFUSED.has(code) || code === 'internal' || code === 'log-missing')
          deviceState.answer(id, 'failed', code);
      }
    },
    async watch({ id }) {
      if (deps.watch(id)) deviceState.answer(id, 'done');
      else deviceState.answer(id, 'refused', 'screen-not-shared' satisfies ErrorCode);
    },
    wipe: (command) => deps.leave({ ...command, what: 'wipe' }),
    decommission: (command) => deps.leave({ ...command, what: 'decommission' }),
  };

  /** Checks for commands that may have arrived from the server. */
  function poll(): void {
    if (stopped) return;
    again = true;
    if (working) return;
    working = true;
    void (async () => {
      while (again && !stopped) {
        again = false;
        await work().catch((error: unknown) => log('error', 'fleet: a command could not be carried out', { error }));
      }
      working = false;
    })();
  }

  const timer = setInterval(poll, POLL_MS);
  timer.unref();
  poll();
  return {
    poll,
    wipeAsked,
    stop(): void {
      stopped = true;
      clearInterval(timer);
    },
  };
}

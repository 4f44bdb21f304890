import { gzipSync } from 'node:zlib';
import { sendLogs } from '../../../sync/edge/logs.ts';
import type { TransportOptions } from '../../../sync/edge/transport/interface.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { MAX_LOGS_GZ, MAX_LOGS_TEXT } from '../../../sync/protocol/wire/farewell.ts';
import type { Setup } from '../../contract/setup.ts';
import type { CoreOptions } from '../interface.ts';
import { type Left, prepareToLeave } from '../leaving/leave.ts';
import type { SiteConfig } from '../site/config.ts';
import type { Store } from '../store/interface.ts';
import { readServerLink } from '../sync/server-link.ts';
import { startCommands } from './commands.ts';
import { readLog } from './log-book.ts';
import { createMirror } from './mirror.ts';

/** How long to wait for the server to acknowledge a `started` report before the kiosk can no longer report, ms. */
const ACK_TIMEOUT_MS = 10_000;
const SEND_MS = 60_000;

export interface FleetDeps extends Pick<CoreOptions, 'home' | 'restart' | 'end' | 'log'> {
  readonly store: Store;
  readonly site: Pick<SiteConfig, 'languages' | 'defaultLanguage'>;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly nudge: () => void;
  readonly transport: () => TransportOptions | null;
  readonly onState: () => void;
  readonly maySeeScreen: () => boolean;
  /** Closes everything of this kiosk and destroys it. */
  readonly removed: (left: Left) => Promise<void>;
}

export type FleetController = ReturnType<typeof attachFleet>;

/** Connects the server's commands to this kiosk with what the core can do. */
export function attachFleet(deps: FleetDeps) {
  const { store, home, log } = deps;
  let leaving: Setup | null = null;
  let stopped = false;

  async function acknowledged(): Promise<void> {
    const until = deps.monotonic() + ACK_TIMEOUT_MS;
    while (!stopped && store.outbox.count() > 0 && deps.monotonic() < until) {
      deps.nudge();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Sends the result that a command requested. */
  async function send(command: string, gz: Uint8Array): Promise<void> {
    const [transport, link] = [deps.transport(), readServerLink(store)];
    if (!transport || !link) throw new Problem('server-unreachable', { reason: 'no connection' });
    await sendLogs(transport, { secret: link.secret, command, gz }, AbortSignal.timeout(SEND_MS));
  }
  const mirror = createMirror({
    send: (command, jpeg) => send(command, gzipSync(jpeg)),
    allowed: deps.maySeeScreen,
    changed: deps.onState,
    log,
  });

  const restart = (): (() => void) | null => {
    if (deps.end) return () => deps.end!('server-asked');
    return deps.restart ? () => deps.restart!({ browser: true }) : null;
  };

  const commands = startCommands({
    deviceState: store.deviceState,
    now: deps.now,
    acknowledged,
    restart: restart(),
    sendLog: async (command) => send(command, packedLog(home)),
    watch: mirror.begin,
    async leave(command) {
      const { what } = command;
      const left = await prepareToLeave(
        {
          store,
          site: deps.site,
          nudge: deps.nudge,
          shows(waiting) {
            leaving = { at: 'leaving', what, waiting };
            deps.onState();
          },
          stopped: () => stopped,
          hurried: () => commands.wipeAsked(),
          now: deps.now,
          monotonic: deps.monotonic,
          log,
        },
        command,
      );
      if (left) await deps.removed(left);
    },
    log,
  });
  return {
    ...commands,
    methods: mirror.methods,
    /** True while someone watches the screen. */
    watched: mirror.watched,
    /** What the screen shows while the kiosk is being removed; null if it is not. */
    leaving: (): Setup | null => leaving,
    stop(): void {
      stopped = true;
      mirror.end();
      commands.stop();
    },
  };
}

/** Returns the newest part of the log that fits into a message. @throws Problem `log-missing` */
export function packedLog(home: string): Buffer {
  for (let most = MAX_LOGS_TEXT / 2; most > 1024; most /= 2) {
    const text = readLog(home, most);
    if (text === '') break;
    const gz = gzipSync(text);
    if (Math.ceil(gz.length / 3) * 4 <= MAX_LOGS_GZ) return gz;
  }
  throw new Problem('log-missing');
}

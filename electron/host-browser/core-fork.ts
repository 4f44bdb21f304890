import { fork } from 'node:child_process';
import { Socket } from 'node:net';
import type { CoreOptions } from '../core/interface.ts';
import { coreEnv } from '../core/serving/core-env.ts';
import type { SpawnCore } from '../core/serving/core-supervisor.ts';
import { logOutput } from '../core/serving/log.ts';

/**
 * Node's options for a core. Loading a gallery and emptying a backlog produce much garbage. With V8's default semi-space of
 * 16 MB, 10,000 people left 320 MB resident; with 2 MB, 258 MB. With the default of collecting at four times the live size, a
 * backlog took 150 MB; with twice, 60 MB, at the same speed.
 */
export const CORE_NODE_OPTIONS: readonly string[] = ['--max-semi-space-size=2', '--heap-growing-percent=100'];

/**
 * glibc (mallopt(3)) raises the size from which memory is returned to the system at once, each time a block of that size is
 * freed. Pictures are then allocated between longer-lived blocks, and their memory is never returned. With a fixed 64 KiB,
 * 10,000 people had 331 MB resident rather than 358 (means of three runs).
 */
const CORE_MALLOC = { MALLOC_MMAP_THRESHOLD_: '65536' };

/** Starts the browser host's core: a separate Node process with an IPC channel and no arguments. */
export function forkCore(modulePath: string, log: CoreOptions['log']): SpawnCore {
  return ({ onMessage, onExit }) => {
    const child = fork(modulePath, [], {
      env: { ...coreEnv(process.env), ...CORE_MALLOC },
      execArgv: [...CORE_NODE_OPTIONS],
      serialization: 'json',
      // Its own group: Ctrl-C in a terminal only reaches the host, which then asks the core to stop. If the host is killed, the
      // channel closes, which ends the core.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    logOutput(child, log);
    child.on('message', onMessage);
    child.on('error', (error) => {
      log('error', 'host: the core process failed', { error });
      if (child.pid === undefined) onExit(null);
    });
    child.on('exit', (code) => onExit(code));
    return {
      pid: child.pid,
      send(message, handle) {
        // A dying core can't receive messages; its exit is handled elsewhere. A socket on its way to it is then never answered,
        // and the page abandons the handshake (OPEN_WITHIN).
        if (!child.connected) return void (handle instanceof Socket && handle.destroy());
        if (handle instanceof Socket) stopReading(handle);
        child.send(
          message,
          handle as never,
          {},
          (error) => error && log('warn', 'host: the core could not be notified', { error }),
        );
      },
      kill: () => void child.kill('SIGKILL'),
    };
  };
}

/**
 * Leaves what the page sends from now on to the core. Node keeps a socket that is passed to a child open until the child
 * acknowledges it, and keeps reading and discarding its data. If the core was quick to finish the handshake, the page's first
 * message was lost (seen in 3 of 204 page loads on a busy machine). `pause` does not prevent that.
 */
function stopReading(socket: Socket): void {
  const { _handle: handle } = socket as unknown as { _handle: { readStop(): number } | null };
  handle?.readStop();
}

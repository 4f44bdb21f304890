import { fork } from 'node:child_process';
import { Socket } from 'node:net';
import type { CoreOptions } from '../core/interface.ts';
import { coreEnv } from '../core/serving/core-env.ts';
import type { SpawnCore } from '../core/serving/core-supervisor.ts';
import { logOutput } from '../core/serving/log.ts';

/**
 * Node's options for a core. Loading a gallery, and emptying a backlog, make much garbage: with V8's default of 16 MB a
 * semi-space, 10,000 people left 320 MB resident, with 2 MB 258 MB; and with its default of collecting at four times what
 * lives, a backlog took 150 MB, with collecting at twice as much 60 MB, at the same speed.
 */
export const CORE_NODE_OPTIONS: readonly string[] = ['--max-semi-space-size=2', '--heap-growing-percent=100'];

/**
 * glibc (mallopt(3)) raises the size from which memory goes back to the system at once, each time that much is freed: pictures
 * then lie between what stays, and their memory is never returned. Held at 64 KiB, 10,000 people had 331 MB resident and not
 * 358 (means of three runs).
 */
const CORE_MALLOC = { MALLOC_MMAP_THRESHOLD_: '65536' };

/** How the browser host starts its core: a Node process of its own, with an IPC channel and no arguments. */
export function forkCore(modulePath: string, log: CoreOptions['log']): SpawnCore {
  return ({ onMessage, onExit }) => {
    const child = fork(modulePath, [], {
      env: { ...coreEnv(process.env), ...CORE_MALLOC },
      execArgv: [...CORE_NODE_OPTIONS],
      serialization: 'json',
      // A group of its own: Ctrl-C in a terminal reaches the host alone, which then asks the core to stop. Should the
      // host be killed outright, the channel closes, and the core ends by that.
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
        // A core that is just dying can't be notified of anything; its exit is handled where exits are. A socket that
        // was on its way to it then is answered by nobody: the page gives such a handshake up by itself (OPEN_WITHIN).
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
 * Leaves what the page sends from now on to the core. Node keeps a socket that is handed to a child open until the child
 * has acknowledged it, and goes on reading it meanwhile, into nothing: a core that was quick had finished the handshake,
 * and the page's first message was lost (seen in 3 of 204 page loads on a busy machine). `pause` does not stop that.
 */
function stopReading(socket: Socket): void {
  const { _handle: handle } = socket as unknown as { _handle: { readStop(): number } | null };
  handle?.readStop();
}

import type { MessagePortMain, UtilityProcess } from 'electron';
import type { CoreOptions } from '../core/interface.ts';
import { coreEnv } from '../core/serving/core-env.ts';
import type { SpawnCore } from '../core/serving/core-supervisor.ts';
import { logOutput } from '../core/serving/log.ts';

/** The part of Electron's `utilityProcess` that is used. */
export interface UtilityProcesses {
  fork(
    modulePath: string,
    args: string[],
    options: { serviceName: string; stdio: 'pipe'; env: Record<string, string> },
  ): UtilityProcess;
}

/** Starts the Electron host's core: a utility process that receives each screen's MessagePort. */
export function forkUtility(processes: UtilityProcesses, modulePath: string, log: CoreOptions['log']): SpawnCore {
  return ({ onMessage, onExit }) => {
    const child = processes.fork(modulePath, [], {
      serviceName: 'SmartPresence core',
      stdio: 'pipe',
      env: coreEnv(process.env),
    });
    logOutput(child, log);
    child.on('message', onMessage);
    // FatalError of V8 (such as out of memory); `exit` follows.
    child.on('error', (type, location) => log('error', 'host: the core process failed', { type, location }));
    child.on('exit', (code) => onExit(code));
    return {
      get pid() {
        return child.pid;
      },
      send: (message, handle) => child.postMessage(message, handle === undefined ? [] : [handle as MessagePortMain]),
      kill: () => void child.kill(),
    };
  };
}

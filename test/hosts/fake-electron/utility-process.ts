import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import type { FakePortMain } from './ports.ts';

/*
 * Electron's utilityProcess as a real child process. A port can't leave a Node process, so a transferred one is forwarded message
 * by message over the child's IPC channel to a real MessageChannel in the child (utility-shim.ts).
 */
const SHIM = join(import.meta.dirname, 'utility-shim.ts');

export class FakeUtilityProcess extends EventEmitter {
  readonly child: ChildProcess;
  readonly ports = new Map<number, FakePortMain>();
  private next = 0;
  pid: number | undefined;

  constructor(modulePath: string, env: Record<string, string>) {
    super();
    this.child = fork(SHIM, [modulePath], {
      env,
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.pid = this.child.pid;
    this.child.on('message', (m: { kind: string; port?: number; data?: unknown }) => {
      if (m.kind === 'parent') this.emit('message', m.data);
      else if (m.kind === 'port') this.ports.get(m.port!)?.port.postMessage(m.data);
      else if (m.kind === 'port-closed') this.ports.get(m.port!)?.close();
    });
    this.child.on('exit', (code) => {
      this.pid = undefined;
      for (const port of this.ports.values()) port.close();
      this.emit('exit', code ?? 0);
    });
  }
  get stdout() {
    return this.child.stdout;
  }
  get stderr() {
    return this.child.stderr;
  }
  postMessage(data: unknown, transfer: FakePortMain[] = []): void {
    const ids = transfer.map((port) => {
      const id = this.next++;
      this.ports.set(id, port);
      port.on('message', (event: { data: unknown }) => this.send({ kind: 'port', port: id, data: event.data }));
      port.on('close', () => this.send({ kind: 'port-closed', port: id }));
      port.start();
      return id;
    });
    this.send({ kind: 'parent', data, ports: ids });
  }
  kill(): boolean {
    return this.child.kill('SIGKILL');
  }
  private send(message: unknown): void {
    if (this.child.connected) this.child.send(message as never);
  }
}

export const started: FakeUtilityProcess[] = [];
export const utilityProcess = {
  fork(modulePath: string, _args: string[], options: { env: Record<string, string> }): FakeUtilityProcess {
    const child = new FakeUtilityProcess(modulePath, options.env);
    started.push(child);
    return child;
  },
};

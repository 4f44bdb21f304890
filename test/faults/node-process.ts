import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

interface Spec {
  readonly file: string;
  /** Module to be loaded before it. */
  readonly before?: string;
  readonly args: () => string[];
  readonly env: NodeJS.ProcessEnv;
  readonly ready: (line: string) => boolean;
}

/** A process of ours that is killed and restarted. Everything it prints, in any of its starts, is passed to `onLine`. */
export class NodeProcess {
  #child: ChildProcess | null = null;
  readonly #spec: Spec;
  readonly #onLine: (line: string) => void;
  readonly #onMessage: (message: unknown) => void;
  /** The last lines of stderr, for a report. */
  readonly complaints: string[] = [];

  constructor(
    spec: Spec,
    onLine: (line: string) => void = () => undefined,
    onMessage: (message: unknown) => void = () => undefined,
  ) {
    this.#spec = spec;
    this.#onLine = onLine;
    this.#onMessage = onMessage;
  }

  get running(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts it and waits for its ready line. */
  async start(ms = 60_000): Promise<void> {
    const { before, file, args } = this.#spec;
    const child = spawn(process.execPath, [...(before ? ['--import', before] : []), file, ...args()], {
      env: this.#spec.env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => undefined);
    const timer = setTimeout(() => reject(new Error(`${this.#spec.file} was not ready in ${ms} ms`)), ms);
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (this.#spec.ready(line)) resolve();
      this.#onLine(line);
    });
    createInterface({ input: child.stderr! }).on('line', (line) => {
      this.complaints.push(line);
      if (this.complaints.length > 200) this.complaints.shift();
    });
    child.on('message', this.#onMessage);
    child.on('error', reject);
    child.on('exit', (code, signal) =>
      reject(new Error(`${this.#spec.file} ended (${signal ?? code}): ${this.complaints.slice(-5).join('\n')}`)),
    );
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  send(message: object): void {
    if (this.#child?.connected) this.#child.send(message, () => undefined);
  }

  /** Ends it with this signal and waits until it has ended and all of its output was read. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || !this.running) return;
    const closed = once(child, 'close');
    child.kill(signal);
    const hard = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await closed;
    clearTimeout(hard);
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const SOCAT = '/usr/bin/socat';

/** A serial port of this machine whose other end the test holds: a pty at its own path, made by socat. */
export interface SerialCable {
  /** Path that a driver opens. */
  readonly path: string;
  /** Plugs it in. The path exists when this resolves. */
  plug(): Promise<void>;
  /** Unplugs it, like a pulled cable: without a goodbye. */
  unplug(): Promise<void>;
  /** Sends bytes from the device at the other end. */
  say(bytes: Uint8Array | string): void;
  /** What the kiosk has sent to the device since it was plugged in. */
  heard(): Buffer;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A cable that is not plugged in yet. */
export function serialCable(name = 'tty'): SerialCable {
  const folder = mkdtempSync(join(tmpdir(), 'sp-serial-'));
  const path = join(folder, name);
  let child: ChildProcess | null = null;
  let heard: Buffer[] = [];

  async function unplug(): Promise<void> {
    const old = child;
    child = null;
    if (!old || old.exitCode !== null || old.signalCode !== null) return;
    const over = new Promise((resolve) => old.once('exit', resolve));
    old.kill('SIGKILL');
    await over;
    rmSync(path, { force: true }); // the system removes a device's path too
  }

  return {
    path,
    async plug() {
      heard = [];
      child = spawn(SOCAT, ['-', `PTY,link=${path},rawer,wait-slave=0`], { stdio: ['pipe', 'pipe', 'pipe'] });
      child.stdout?.on('data', (bytes: Buffer) => heard.push(bytes));
      child.stdin?.on('error', () => undefined); // written into a cable that was pulled
      for (let i = 0; !existsSync(path); i++) {
        if (i > 2000 || child.exitCode !== null) throw new Error(`socat made no port: ${String(child.stderr?.read())}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    unplug,
    say: (bytes) => void child?.stdin?.write(bytes),
    heard: () => Buffer.concat(heard),
    async [Symbol.asyncDispose]() {
      await unplug();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

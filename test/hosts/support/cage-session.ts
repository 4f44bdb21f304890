import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';

/** The kiosk's own session, cage, on a headless screen. What is typed here reaches the browser like real key presses. */
export interface CageSession {
  /** Environment for programs of the session. */
  readonly env: Readonly<Record<string, string>>;
  /** Presses this once: `ctrl+shift+i`, `F12`, as named by xkbcommon and wtype(1). */
  press(chord: string): void;
  /** Takes a screenshot as PNG. */
  picture(): Buffer;
  /** Share of the screen's pixels that differ from this picture, 0 … 1; 1 if its size differs. */
  differsFrom(png: Buffer): Promise<number>;
  /** Whether the session is still running. */
  readonly alive: boolean;
  close(): Promise<void>;
}

const NEEDED = { '/usr/bin/cage': 'cage', '/usr/bin/grim': 'grim', '/usr/bin/wtype': 'wtype' };

/** Why such a session isn't possible here; null if it is. */
export function noCageHere(): string | null {
  const missing = Object.entries(NEEDED).filter(([file]) => !existsSync(file));
  return missing.length === 0
    ? null
    : `SKIPPED: the kiosk’s session: apt-get install ${missing.map(([, p]) => p).join(' ')}`;
}

/** @param program the session's program, which ends with it. Without one, a bare session for separately started clients */
export async function openCage(
  program: readonly string[] = ['/usr/bin/sleep', 'infinity'],
  more: NodeJS.ProcessEnv = {},
): Promise<CageSession> {
  // On tmpfs, like a user's runtime folder.
  const folder = mkdtempSync('/dev/shm/sp-cage-');
  const cage = spawn('/usr/bin/cage', ['-d', '--', ...program], {
    env: {
      ...process.env,
      ...more,
      XDG_RUNTIME_DIR: folder,
      WLR_BACKENDS: 'headless',
      WLR_LIBINPUT_NO_DEVICES: '1',
      WLR_RENDERER: 'pixman',
    },
    stdio: 'ignore',
    // A separate process group, to be ended as a whole.
    detached: true,
  });
  let ended = false;
  const end = new Promise<void>((done) =>
    cage.once('exit', () => {
      ended = true;
      done();
    }),
  );
  const socket = (): string | undefined => readdirSync(folder).find((name) => /^wayland-\d+$/.test(name));
  while (!ended && !socket()) await sleep(50);
  if (ended) throw new Error(`cage ended with ${cage.exitCode ?? cage.signalCode}`);
  const env = { XDG_RUNTIME_DIR: folder, WAYLAND_DISPLAY: socket()!, XDG_SESSION_TYPE: 'wayland' };
  const run = (command: string, args: string[]): Buffer =>
    execFileSync(command, args, {
      env: { ...process.env, ...env },
      maxBuffer: 1 << 26,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  const picture = (): Buffer => run('/usr/bin/grim', ['-t', 'png', '-']);
  return {
    env,
    press(chord) {
      const held = chord.split('+');
      const key = held.pop()!;
      run('/usr/bin/wtype', [
        ...held.flatMap((m) => ['-M', m]),
        '-k',
        key,
        ...held.reverse().flatMap((m) => ['-m', m]),
      ]);
    },
    picture,
    async differsFrom(png) {
      const raw = (of: Buffer) => sharp(of).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      const [a, b] = await Promise.all([raw(png), raw(picture())]);
      if (a.info.width !== b.info.width || a.info.height !== b.info.height) return 1;
      let other = 0;
      for (let at = 0; at < a.data.length; at += 3)
        if ([0, 1, 2].some((c) => Math.abs(a.data[at + c]! - b.data[at + c]!) > 8)) other++;
      return other / (a.info.width * a.info.height);
    },
    get alive() {
      return !ended;
    },
    async close() {
      endGroup(cage.pid!, 'SIGTERM');
      const kill = setTimeout(() => endGroup(cage.pid!, 'SIGKILL'), 3_000);
      await end;
      clearTimeout(kill);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function endGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: it had already ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

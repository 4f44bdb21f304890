import { type ChildProcess, spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { build, type Rolldown } from 'vite';

/*
 * npm run dev [-- OPTIONS of npm start]
 *
 * Runs what `npm start` runs and reacts to changes. A changed screen is rebuilt, and open pages of console and portal reload
 * automatically. Any other change restarts kiosk and server with the same data. Ctrl-C stops everything.
 */

const ROOT = join(import.meta.dirname, '../..');
/** Folders that kiosk and server import from. */
const PROGRAMS = ['electron', 'models', 'sync'];
/** Wait after a change, because editors write a file in several steps. */
const SETTLE_MS = 300;

let running: ChildProcess | null = null;
let then: 'wait' | 'start' | 'exit' = 'wait';

function start(): void {
  then = 'wait';
  running = spawn(process.execPath, [join(ROOT, 'electron/cli/start.ts'), '--no-build', ...process.argv.slice(2)], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  running.once('exit', (code) => {
    running = null;
    if (then === 'exit') process.exit(code ?? 1);
    if (then === 'start') start();
    else console.error('dev: the program ended. It starts again with your next change.');
  });
}

function end(next: 'start' | 'exit'): void {
  if (then === 'exit') return;
  then = next;
  if (running) running.kill('SIGTERM');
  else if (next === 'start') start();
  else process.exit(0);
}

/** Whether the kiosk's screens changed. Its host must be restarted then, because it reads the list of their files at start. */
let kioskChanged = false;

const watcher = (await build({
  configFile: join(ROOT, 'vite.config.ts'),
  logLevel: 'warn',
  build: { watch: {} },
  plugins: [
    {
      name: 'reload',
      watchChange(id) {
        if (!/renderer\/(console|portal)\//.test(id)) kioskChanged = true;
      },
      transform: (code, id) =>
        /renderer\/(kiosk|console|portal)\/main\.tsx$/.test(id)
          ? `${code}\nimport ${JSON.stringify(join(import.meta.dirname, 'reload.ts'))};`
          : null,
    },
  ],
})) as Rolldown.RolldownWatcher;
watcher.on('event', (event) => {
  if (event.code === 'ERROR') console.error(`dev: ${event.error.message}`);
  if (event.code !== 'END') return;
  console.error('dev: built the screens.');
  if (running === null || kioskChanged) end('start');
  kioskChanged = false;
});

let settling: NodeJS.Timeout | undefined;
for (const folder of PROGRAMS)
  watch(join(ROOT, folder), { recursive: true }, (_event, file) => {
    if (!file?.endsWith('.ts') || file.endsWith('.test.ts')) return;
    clearTimeout(settling);
    settling = setTimeout(() => {
      console.error(`dev: ${join(folder, file)} has changed: starting kiosk and server again …`);
      end('start');
    }, SETTLE_MS);
  });

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end('exit'));

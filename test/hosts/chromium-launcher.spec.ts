import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from '@playwright/test';
import { dist, home, host, said, start, useChromium } from './support/chromium-fixture.ts';

/* Chromium as launched and ended by the host itself. */

useChromium();
let onEnd: (() => void) | null = null;
test.afterEach(() => {
  onEnd?.();
  onEnd = null;
});

test('the launcher’s browser enters, is restarted when it dies, shows no token in /proc, and leaves nothing behind', async () => {
  await start('headless');
  await expect.poll(() => said('a screen said hello')).toBe(1);
  const first = host.browserPid!;
  const commands = groupOf(first).map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  expect(commands.length).toBeGreaterThan(2);
  expect(commands.some((c) => c.includes('enter.html'))).toBe(true);
  expect(commands.join()).not.toMatch(/token|[?&]t=/);
  const folder = /user-data-dir=([^\0]+)\/profile/.exec(commands.join())![1]!;
  expect(existsSync(join(folder, 'profile'))).toBe(true);
  expect(existsSync(join(folder, 'enter.html'))).toBe(false);

  process.kill(first, 'SIGKILL');
  await expect.poll(() => said('a screen said hello')).toBe(2);
  const second = host.browserPid!;
  expect(second).not.toBe(first);
  expect(groupOf(first)).toEqual([]);

  await host.close();
  expect(groupOf(second)).toEqual([]);
  expect(existsSync(folder)).toBe(false);
});

test('outside a demo Chromium runs sandboxed for an unprivileged user, and not at all for root', async () => {
  // The shared afterEach needs a host.
  await start('none');
  const asNobody = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : ['env'];
  const node = [process.execPath, resolve(import.meta.dirname, 'support/run-host.ts')];
  const can = (command: string[]): boolean => spawnSync(asNobody[0]!, [...asNobody.slice(1), ...command]).status === 0;
  test.skip(
    !can(['test', '-r', node[1]!]) || !can(['test', '-x', node[0]!]),
    'SKIPPED: an unprivileged user can’t read this checkout',
  );
  test.skip(!can(['unshare', '--user', 'true']), 'SKIPPED: this machine lets no unprivileged user make a sandbox');

  const folder = join(home.path, 'nobody');
  mkdirSync(folder);
  chmodSync(home.path, 0o755);
  chmodSync(folder, 0o777);
  spawnSync('chmod', ['-R', 'a+rX', dist.path]);
  const env = { ...process.env, HOME: folder };
  delete (env as NodeJS.ProcessEnv).XDG_RUNTIME_DIR; // the test user's
  const { child, lines } = runHost([...asNobody, ...node, folder, dist.path, 'production'], env);
  try {
    await expect.poll(() => lines.some((l) => l.message.includes('a screen said hello'))).toBe(true);
    const { browser, uid } = lines.find((l) => l.message === 'started')!.fields;
    expect(uid).not.toBe(0);
    const renderers = groupOf(browser!).filter((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer'),
    );
    expect(renderers.length).toBeGreaterThan(0);
    for (const pid of [browser!, ...renderers])
      expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain('--no-sandbox');
    for (const pid of renderers) {
      // proc_pid_status(5): 2 is a seccomp filter. The renderer also has its own namespaces.
      expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Seccomp:\s*2$/m);
      expect(readlinkSync(`/proc/${pid}/ns/user`)).not.toBe(readlinkSync('/proc/self/ns/user'));
    }
  } finally {
    child.kill('SIGTERM');
    await new Promise((done) => child.once('exit', done));
  }
  if (process.getuid?.() === 0) {
    const root = spawnSync(node[0]!, [node[1]!, folder, dist.path, 'production'], { encoding: 'utf8' });
    expect(root.status).not.toBe(0);
    expect(root.stderr).toContain('root-refused');
  }
});

test('a killed host takes core and browser with it, and the next one clears its folder', async () => {
  // A separate runtime folder: any other host that starts would also delete what it finds in the default one.
  const runtime = mkdtempSync('/dev/shm/sp-runtime-');
  const usual = process.env.XDG_RUNTIME_DIR;
  process.env.XDG_RUNTIME_DIR = runtime;
  onEnd = () => {
    if (usual === undefined) delete process.env.XDG_RUNTIME_DIR;
    else process.env.XDG_RUNTIME_DIR = usual;
    rmSync(runtime, { recursive: true, force: true });
  };
  await start('none');
  const script = resolve(import.meta.dirname, 'support/run-host.ts');
  const { child, lines } = runHost([process.execPath, script, home.path, dist.path, 'demo'], process.env);
  await expect.poll(() => lines.some((l) => l.message.includes('a screen said hello'))).toBe(true);
  const { browser, core } = lines.find((l) => l.message === 'started')!.fields;
  const folder = /user-data-dir=([^\0]+)\/profile/.exec(readFileSync(`/proc/${browser}/cmdline`, 'utf8'))![1]!;
  child.kill('SIGKILL');
  await expect.poll(() => groupOf(browser!)).toEqual([]);
  await expect.poll(() => existsSync(`/proc/${core}/cmdline`)).toBe(false);
  expect(existsSync(folder)).toBe(true);
  await host.close();
  await start('none');
  expect(existsSync(folder)).toBe(false);
});

interface HostLine {
  message: string;
  fields: { browser?: number; core?: number; uid?: number };
}
/** Starts `support/run-host.ts`; its output is appended to `lines`. */
function runHost([command, ...args]: string[], env: NodeJS.ProcessEnv): { child: ChildProcess; lines: HostLine[] } {
  const child = spawn(command!, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: HostLine[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  return { child, lines };
}

/** Returns the processes of a group, by field 5 of /proc/pid/stat (proc_pid_stat(5)). Zombies count as ended. */
function groupOf(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const [state, , pgrp] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
        return Number(pgrp) === group && state !== 'Z';
      } catch {
        return false;
      }
    });
}

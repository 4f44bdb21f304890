import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { killDescendants, orAsked, watchForEnd } from './ending.ts';

const processOf = (ppid: number, env: NodeJS.ProcessEnv = {}) =>
  Object.assign(new EventEmitter(), { ppid, env }) as EventEmitter & { ppid: number };
afterEach(() => {
  vi.useRealTimers();
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('%s requests the end; Ctrl-C’s second copy changes nothing', (name) => {
  vi.useFakeTimers();
  const force = vi.fn();
  const self = processOf(7);
  const { signal } = watchForEnd({ force, withinMs: 10_000, process: self as unknown as NodeJS.Process });
  expect(signal.aborted).toBe(false);
  self.emit(name);
  self.emit(name);
  expect(signal.aborted).toBe(true);
  expect(force).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10_000);
  expect(force).toHaveBeenCalledOnce();
});

test('a second request ends everything at once', () => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] });
  const force = vi.fn();
  const self = processOf(7);
  watchForEnd({ force, withinMs: 10_000, process: self as unknown as NodeJS.Process });
  self.emit('SIGINT');
  vi.advanceTimersByTime(1_500);
  self.emit('SIGINT');
  expect(force).toHaveBeenCalledExactlyOnceWith('requested again');
});

test('the end of npm requests the end; that of any other parent does not', () => {
  vi.useFakeTimers();
  const [underNpm, byHand] = [processOf(7, { npm_lifecycle_event: 'start' }), processOf(7)];
  const [a, b] = [underNpm, byHand].map((self) =>
    watchForEnd({ force: vi.fn(), withinMs: 10_000, process: self as unknown as NodeJS.Process }),
  );
  vi.advanceTimersByTime(2_000);
  expect(a!.signal.aborted).toBe(false);
  for (const self of [underNpm, byHand]) self.ppid = 1;
  vi.advanceTimersByTime(2_000);
  expect([a!.signal.aborted, b!.signal.aborted]).toEqual([true, false]);
});

test('a step that ignores the request is only waited for as long as allowed', async () => {
  const asked = new AbortController();
  const never = new Promise<void>(() => undefined);
  let over = false;
  const waiting = orAsked(never, asked.signal, 20).then(() => {
    over = true;
  });
  await wait(60);
  expect(over).toBe(false);
  asked.abort();
  await waiting;
  await expect(orAsked(Promise.reject(new Error('own')), asked.signal, 20)).rejects.toThrow('own');
});

const gone = (child: ChildProcess) =>
  new Promise<unknown>((resolve) => child.once('exit', (_, signal) => resolve(signal)));
/** Processes that have ended but are not reaped yet (Z) don't count as running. */
const runs = (pid: number): boolean =>
  existsSync(`/proc/${pid}/stat`) && readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] !== 'Z';

test.runIf(process.platform === 'linux')(
  'kills every descendant, whatever its group and whatever signals it ignores',
  async () => {
    const child = spawn('sh', ['-c', 'trap "" TERM; setsid sleep 60 & echo $!; wait'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = gone(child);
    const grandchild = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));
    expect(runs(grandchild)).toBe(true);
    const other = spawn('sleep', ['60']);
    killDescendants(child.pid);
    expect(await ended).toBeNull(); // the shell ends when its child has ended
    await vi.waitFor(() => expect(runs(grandchild)).toBe(false), 60_000);
    expect(runs(other.pid!)).toBe(true);
    other.kill();
  },
);

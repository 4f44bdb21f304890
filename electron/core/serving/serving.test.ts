import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CoreMessage, HostMessage } from '../../contract/host.ts';
import { codedError, plainFields } from './core-process.ts';
import {
  BUSY_MS,
  RESTART_AFTER,
  RETRY_REFUSED_AFTER,
  STABLE_AFTER,
  type SupervisorOptions,
  superviseCore,
} from './core-supervisor.ts';
import { CONTENT_SECURITY_POLICY, SECURITY_HEADERS } from './headers.ts';
import { cacheControl, findStaticFile, listStaticFiles } from './static-files.ts';

describe('static files', () => {
  let dist: string;
  beforeEach(() => {
    dist = mkdtempSync(join(tmpdir(), 'dist-test-'));
    for (const [path, content] of [
      ['renderer/kiosk/index.html', '<!doctype html>'],
      ['renderer/console/index.html', 'the server’s'],
      ['renderer/assets/kiosk-abc.js', '1'],
      ['renderer/assets/inter.woff2', '1'],
      ['renderer/assets/notes.txt', '1'],
      ['models/face.tflite', '1'],
      ['models/wasm/vision.wasm', '1'],
      ['secret.json', '{}'],
    ] as const) {
      mkdirSync(join(dist, path, '..'), { recursive: true });
      writeFileSync(join(dist, path), content);
    }
    symlinkSync('/etc/passwd', join(dist, 'renderer/assets/link.js'));
    symlinkSync('/etc', join(dist, 'models/etc'));
  });
  afterEach(() => rmSync(dist, { recursive: true, force: true }));

  it('lists the page, its assets and the models, with their types, and nothing else', () => {
    const files = listStaticFiles(dist);
    expect(Object.fromEntries([...files].map(([path, file]) => [path, file.type]))).toEqual({
      '/': 'text/html; charset=utf-8',
      '/assets/kiosk-abc.js': 'text/javascript; charset=utf-8',
      '/assets/inter.woff2': 'font/woff2',
      '/models/face.tflite': 'application/octet-stream',
      '/models/wasm/vision.wasm': 'application/wasm',
    });
  });

  it.each([
    '/../secret.json',
    '/assets/../../secret.json',
    '/assets/%2e%2e/%2e%2e/secret.json',
    '/assets/..%2f..%2fsecret.json',
    '/assets/..\\..\\secret.json',
    '/assets//kiosk-abc.js',
    '/assets/kiosk-abc.js%00.html',
    '//assets/kiosk-abc.js',
    'http://evil.example/assets/kiosk-abc.js',
    '/etc/passwd',
    '/console/index.html',
    '/kiosk/../console/index.html',
    '/constructor',
    '/__proto__',
    '',
  ])('finds nothing at %s', (target) => {
    expect(findStaticFile(listStaticFiles(dist), target)).toBeNull();
  });

  it('finds nothing outside its list, whatever is requested', () => {
    const files = listStaticFiles(dist);
    const part = fc.constantFrom(
      '..',
      '.',
      '',
      'assets',
      'models',
      'secret.json',
      'etc',
      'passwd',
      '%2e%2e',
      'renderer',
      '~',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const target = `/${parts.join('/')}`;
        expect(findStaticFile(files, target)?.path ?? null).toBe(files.get(target)?.path ?? null);
      }),
      { numRuns: 1_000 },
    );
  });

  it('lets a browser cache hashed assets, revalidate models, and never cache the page', () => {
    const files = listStaticFiles(dist);
    expect(cacheControl(files.get('/')!)).toBe('no-store');
    expect(cacheControl(files.get('/assets/kiosk-abc.js')!)).toContain('immutable');
    expect(cacheControl(files.get('/models/face.tflite')!)).toBe('private, no-cache');
  });

  it('reports with a code that the screens were not built', () => {
    expect(() => listStaticFiles('/nowhere')).toThrow(expect.objectContaining({ code: 'screens-not-built' }));
  });
});

describe('headers', () => {
  it('allow the page itself and nothing outside, no inline script and no eval', () => {
    const policy = new Map(
      CONTENT_SECURITY_POLICY.split('; ').map((d) => [d.split(' ')[0], d.split(' ').slice(1).join(' ')]),
    );
    expect(policy.get('default-src')).toBe("'none'");
    expect(policy.get('connect-src')).toBe("'self'");
    expect(policy.get('script-src')).toBe("'self' 'wasm-unsafe-eval'");
    expect(policy.get('frame-ancestors')).toBe("'none'");
    expect(CONTENT_SECURITY_POLICY).not.toMatch(/unsafe-inline|'unsafe-eval'|\*|https?:/);
    expect(SECURITY_HEADERS['permissions-policy']).toMatch(/^camera=\(self\), /);
    expect(SECURITY_HEADERS['permissions-policy']).toContain('microphone=()');
  });
});

describe('what leaves the core process', () => {
  it('recognises a Problem by its shape, but no system error', () => {
    expect(codedError(Object.assign(new Error('m'), { code: 'store-wrong-key', nextStep: 'n' }))).toEqual({
      code: 'store-wrong-key',
      message: 'm',
      nextStep: 'n',
    });
    expect(codedError(Object.assign(new Error('m'), { code: 'ENOENT', nextStep: 'n' }))).toBeNull();
    expect(codedError(Object.assign(new Error('m'), { code: 'x' }))).toBeNull();
    expect(codedError('x')).toBeNull();
  });

  it('logs errors with their causes, and never fails on values that can’t be printed', () => {
    expect(plainFields({ error: new Error('a', { cause: new Error('b') }), n: 1n })).toMatchObject({
      error: { message: 'a', cause: { message: 'b' } },
      n: '1',
    });
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(plainFields(cycle)).toHaveProperty('unprintable');
  });
});

describe('the supervisor', () => {
  const children: {
    sent: HostMessage[];
    killed: boolean;
    say: (m: CoreMessage) => void;
    end: (code: number | null) => void;
  }[] = [];
  const last = () => children.at(-1)!;
  const start = { type: 'start' as const, home: '/h', deviceSecret: null, demo: true, slots: null, mayEnd: false };

  function supervise(more: Partial<SupervisorOptions> = {}) {
    return superviseCore({
      ...more,
      start,
      log: () => undefined,
      pingEvery: 1_000,
      missedPings: 3,
      spawn: ({ onMessage, onExit }) => {
        const child = { sent: [] as HostMessage[], killed: false, say: onMessage, end: onExit };
        children.push(child);
        return {
          pid: children.length,
          send: (message) => void child.sent.push(message),
          kill() {
            child.killed = true;
            onExit(null);
          },
        };
      },
    });
  }
  beforeEach(() => {
    vi.useFakeTimers();
    children.length = 0;
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('restarts a core within two seconds of its exit, and reports it', () => {
    const states: string[] = [];
    const core = supervise();
    core.onEvent((event) => states.push(event.state.state));
    last().say({ type: 'ready' });
    last().end(null);
    expect(core.state).toMatchObject({ state: 'restarting', code: 'core-restarting' });
    expect(core.pid).toBeNull();
    vi.advanceTimersByTime(2_000);
    expect(children).toHaveLength(2);
    expect(last().sent[0]).toEqual(start);
    last().say({ type: 'ready' });
    expect(core.state.state).toBe('ready');
    expect(states).toEqual(['ready', 'restarting', 'restarting', 'ready']);
  });

  it('waits longer each time a core exits in a row, reports it, and resets after a stable run', () => {
    const core = supervise();
    for (const wait of RESTART_AFTER) {
      last().end(1);
      const count = children.length;
      vi.advanceTimersByTime(wait - 1);
      expect(children).toHaveLength(count);
      vi.advanceTimersByTime(1);
      expect(children).toHaveLength(count + 1);
    }
    expect(core.state).toMatchObject({ state: 'refused', code: 'core-keeps-ending' });
    last().say({ type: 'ready' });
    const pinging = setInterval(() => {
      const ping = last().sent.findLast((m) => m.type === 'ping');
      if (ping?.type === 'ping') last().say({ type: 'pong', n: ping.n, screens: 0 });
    }, 100);
    vi.advanceTimersByTime(STABLE_AFTER);
    clearInterval(pinging);
    const count = children.length;
    last().end(1);
    vi.advanceTimersByTime(RESTART_AFTER[0]);
    expect(children).toHaveLength(count + 1);
  });

  it('restarts quickly, however often a core exits, if it had served before', () => {
    supervise();
    for (let i = 0; i < 20; i++) {
      last().say({ type: 'ready' });
      vi.advanceTimersByTime(1_000);
      last().end(null);
      const count = children.length;
      vi.advanceTimersByTime(1_900);
      expect(children).toHaveLength(count + 1);
    }
  });

  it('tolerates a core busy with long work, and stops one that is not back after an hour', () => {
    supervise();
    const pong = () => last().say({ type: 'pong', n: last().sent.filter((m) => m.type === 'ping').length, screens: 0 });
    last().say({ type: 'ready' });
    vi.advanceTimersByTime(1_000);
    pong();
    last().say({ type: 'busy', busy: true });
    pong();
    vi.advanceTimersByTime(BUSY_MS / 2);
    expect(last().killed).toBe(false);
    // The work is done, but the core hangs.
    last().say({ type: 'busy', busy: false });
    pong();
    vi.advanceTimersByTime(5_000);
    expect(children[0]!.killed).toBe(true);
    last().say({ type: 'busy', busy: true });
    vi.advanceTimersByTime(BUSY_MS - 5_000);
    expect(last().killed).toBe(false);
    vi.advanceTimersByTime(10_000);
    expect(children[1]!.killed).toBe(true);
  });

  it('keeps a rejection’s code and next step for the screen, and retries later', () => {
    const core = supervise();
    last().say({ type: 'refused', code: 'store-wrong-key', message: 'm', nextStep: 'n' });
    last().end(3);
    expect(core.state).toEqual({ state: 'refused', code: 'store-wrong-key', message: 'm', nextStep: 'n' });
    expect(core.connect({ type: 'connect', upgrade: null }, null)).toBe(false);
    vi.advanceTimersByTime(RETRY_REFUSED_AFTER - 1);
    expect(children).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(children).toHaveLength(2);
    expect(core.state.state).toBe('refused');
    last().say({ type: 'ready' });
    expect(core.state.state).toBe('ready');
  });

  it.each([
    ['dies', () => last().end(7)],
    [
      'refuses to start',
      () => {
        last().say({ type: 'refused', code: 'store-wrong-key', message: 'm', nextStep: 'n' });
        last().end(3);
      },
    ],
  ])('on trial, the kiosk ends with a core that %s: its launcher counts it', (_, fails) => {
    const ends: unknown[] = [];
    supervise({ endsWithCore: () => true, onEnd: (...end) => ends.push(end) });
    last().say({ type: 'ready' });
    fails();
    expect(ends).toEqual([['core-ended']]);
    vi.advanceTimersByTime(100_000);
    expect(children).toHaveLength(1);
  });

  it('once the trial is over, a core that crashes is restarted as usual; so is one that asked for it', () => {
    let trial = true;
    const ends: unknown[] = [];
    supervise({ endsWithCore: () => trial, onEnd: (...end) => ends.push(end) });
    last().say({ type: 'ready' });
    last().say({ type: 'restart', browser: false });
    last().end(0);
    vi.advanceTimersByTime(RESTART_AFTER[0]);
    expect(children).toHaveLength(2);
    trial = false;
    last().end(7);
    vi.advanceTimersByTime(2_000);
    expect([children.length, ends]).toEqual([3, []]);
  });

  it('kills a core that does not answer', () => {
    supervise();
    last().say({ type: 'ready' });
    vi.advanceTimersByTime(3_000);
    expect(children[0]!.killed).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(children[0]!.killed).toBe(true);
    vi.advanceTimersByTime(RESTART_AFTER[0]);
    expect(children).toHaveLength(2);
  });

  it('gives screens to a core as soon as it starts, and to none in between', () => {
    const core = supervise();
    expect(core.connect({ type: 'connect', upgrade: null }, null)).toBe(true);
    expect(last().sent).toEqual([start, { type: 'connect', upgrade: null }]);
    last().end(1);
    expect(core.connect({ type: 'connect', upgrade: null }, null)).toBe(false);
  });

  it('stops for good when closed: asks, waits, and kills a core that does not exit', async () => {
    const core = supervise();
    last().say({ type: 'ready' });
    const closed = core.close();
    expect(last().sent.at(-1)).toEqual({ type: 'stop' });
    expect(last().killed).toBe(false);
    vi.advanceTimersByTime(8_000);
    expect(last().killed).toBe(true);
    await closed;
    expect(core.state.state).toBe('stopped');
    vi.advanceTimersByTime(100_000);
    expect(children).toHaveLength(1);
  });

  it('ignores anything that is not a core’s message', () => {
    const core = supervise();
    for (const raw of [
      null,
      7,
      {},
      { type: 'ready', extra: 1 },
      { type: 'refused', code: 'Bad Code', message: '', nextStep: '' },
    ])
      last().say(raw as CoreMessage);
    expect(core.state.state).toBe('starting');
  });
});

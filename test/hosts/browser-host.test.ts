import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RESTART_AFTER } from '../../electron/core/serving/core-supervisor.ts';
import { startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import { Problem } from '../../sync/errors/problem.ts';
import {
  alive,
  ask,
  CORE,
  dial,
  dist,
  enter,
  home,
  host,
  logs,
  postToken,
  restartedAfter,
  screen,
  start,
  tokenIn,
  until,
  useBrowserHost,
  visit,
} from './support/browser-fixture.ts';
import { PINS } from './support/test-core.ts';

/* The browser host with real processes and sockets. Node takes the place of the browser. */

useBrowserHost();

describe('entering the kiosk', () => {
  it('needs the token of a 0600 file in a 0700 folder, which works once and is then deleted', async () => {
    await start();
    const file = host.enterFile!;
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(file, '..')).mode & 0o777).toBe(0o700);
    const token = tokenIn(file);
    const answer = await postToken(token);
    expect(answer.headers['set-cookie']).toEqual([
      expect.stringMatching(/^smartpresence=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/),
    ]);
    expect(answer.headers['set-cookie']).not.toContain(token);
    expect(existsSync(file)).toBe(false);
    expect(host.enterFile).toBeNull();
    const again = await postToken(token);
    expect(again.status).toBe(403);
    expect(again.body).toContain('token-used');
    expect(again.headers['set-cookie']).toBeUndefined();
    expect(logs.some((l) => l.level === 'warn' && l.fields.code === 'token-used')).toBe(true);
  });

  it('succeeds for one of fifty simultaneous requests with the same token', async () => {
    await start();
    const token = tokenIn(host.enterFile!);
    const statuses = (await Promise.all(Array.from({ length: 50 }, () => postToken(token)))).map((a) => a.status);
    expect(statuses.filter((s) => s === 200)).toHaveLength(1);
    expect(statuses.filter((s) => s === 403)).toHaveLength(49);
  });

  it('keeps the session across reloads, and serves page, assets and models with strict headers', async () => {
    await start();
    const cookie = await enter();
    for (let i = 0; i < 3; i++) expect((await ask('/', { headers: { cookie } })).status).toBe(200);
    for (const [path, type] of [
      ['/', 'text/html; charset=utf-8'],
      ['/assets/app-1.js', 'text/javascript; charset=utf-8'],
      ['/models/face.tflite', 'application/octet-stream'],
    ] as const) {
      const { headers } = await ask(path, { headers: { cookie } });
      expect(headers['content-type']).toBe(type);
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['permissions-policy']).toContain('camera=(self)');
    }
    const { etag } = (await ask('/models/face.tflite', { headers: { cookie } })).headers;
    expect((await ask('/models/face.tflite', { headers: { cookie, 'if-none-match': String(etag) } })).status).toBe(304);
    expect((await ask('/', { method: 'HEAD', headers: { cookie } })).body).toBe('');
  });
});

describe('a crash', () => {
  it('writes no memory to disk: the core starts with a core dump limit of zero, whatever the limit was', async () => {
    const limitOf = (pid: number) =>
      /^Max core file size +(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1];
    // Core dumps are allowed, as they are by default.
    spawnSync('prlimit', ['--pid', String(process.pid), '--core=65536:65536']);
    expect(limitOf(process.pid)).toBe('65536');
    await start();
    expect([limitOf(process.pid), limitOf(host.corePid!)]).toEqual(['1', '1']);
  });
});

describe('a screen', () => {
  it('reaches the core over a socket the host has handed over, so that no frame passes through the host', async () => {
    await start();
    await until('ready');
    const { client, socket } = await screen(await enter());
    const picture = { width: 640, height: 640, data: new Uint8Array(640 * 640 * 3).fill(255) };
    for (let i = 0; i < 20; i++) {
      expect(await client.probe({ visit, frame: { picture, box: [1, 1, 9, 9], others: 0, takenAt: i } })).toEqual({
        kind: 'more',
        progress: 1,
      });
    }
    const inode = serverSocket(
      Number(new URL(host.url).port),
      (socket as unknown as { _socket: { localPort: number } })._socket.localPort,
    );
    expect(socketsOf(host.corePid!)).toContain(inode);
    expect(socketsOf(process.pid)).not.toContain(inode);
    socket.terminate();
  });

  it('that connects while the core starts is served once it is up, or disconnected if it refuses', async () => {
    writeFileSync(join(home.path, 'slow'), '');
    await start();
    const cookie = await enter();
    const early = await screen(cookie);
    const hello = early.client.hello({});
    expect(host.coreEvent.state.state).toBe('starting');
    rmSync(join(home.path, 'slow'));
    expect(await hello).toMatchObject({ site: 'Test' });

    for (const name of ['slow', 'refuse']) writeFileSync(join(home.path, name), '');
    const restarted = restartedAfter(host.corePid!);
    process.kill(host.corePid!, 'SIGKILL');
    await restarted;
    const refused = await screen(cookie);
    rmSync(join(home.path, 'slow'));
    await refused.closed;
  });

  it('is notified when the core ends, sees it restart, and reconnects with the same session', async () => {
    await start();
    const { pid } = await until('ready');
    const cookie = await enter();
    const { client, closed } = await screen(cookie);
    const call = client.staffUnlock({ pin: PINS.dies }).catch((error) => error.code);
    await closed;
    expect(await call).toBe('rpc-closed');
    await until('restarting');
    const restarted = restartedAfter(pid!);
    expect(JSON.parse((await ask('/core-state', { headers: { cookie } })).body)).toMatchObject({
      state: 'restarting',
      code: 'core-restarting',
    });
    expect(await dial(cookie)).toBe(503);
    await restarted;
    // The delay is the supervisor's; another test checks that its first delay is well under two seconds.
    expect(logs.find((l) => l.message.includes('the core exited; restarting it'))?.fields.wait).toBe(RESTART_AFTER[0]);
    await until('ready');
    const again = await screen(cookie);
    expect(await again.client.hello({})).toMatchObject({ site: 'Test' });
  });

  it('gets the code and next step of a core that refuses to start', async () => {
    writeFileSync(join(home.path, 'refuse'), '');
    await start();
    await until('refused');
    const cookie = await enter();
    expect(await dial(cookie)).toBe(503);
    expect(JSON.parse((await ask('/core-state', { headers: { cookie } })).body)).toEqual({
      state: 'refused',
      code: 'store-wrong-key',
      message: new Problem('store-wrong-key').message,
      nextStep: new Problem('store-wrong-key').nextStep,
    });
    expect((await ask('/core-state')).status).toBe(403);
  });
});

describe('the end', () => {
  it('leaves no process, no file and no open port', async () => {
    await start();
    const { pid } = await until('ready');
    const folder = join(host.enterFile!, '..');
    const { closed } = await screen(await enter());
    await host.close();
    await closed;
    expect(alive(pid!)).toBe(false);
    expect(existsSync(folder)).toBe(false);
    await expect(ask('/')).rejects.toThrow(/ECONNREFUSED/);
    expect(host.coreEvent.state.state).toBe('stopped');
  });

  it('ends the core if the port is taken', async () => {
    await start();
    const port = Number(new URL(host.url).port);
    await expect(
      startBrowserHost({
        home: home.path,
        demo: true,
        port,
        browser: { mode: 'none' },
        dist: dist.path,
        coreModule: CORE,
        log: () => undefined,
      }),
    ).rejects.toMatchObject({ code: 'port-in-use' });
  });
});

/** Returns the inode of the server's end of a loopback connection (proc_net_tcp(5): hexadecimal ports, field 9 is the inode). */
function serverSocket(serverPort: number, clientPort: number): string {
  const ends = [serverPort, clientPort].map((port) => `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`);
  const rows = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((row) => row.trim().split(/\s+/));
  return rows.find((row) => row[1] === ends[0] && row[2] === ends[1])![9]!;
}

/** Returns the inodes of the sockets that a process holds. */
function socketsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(join(folder, fd)))?.[1] ?? [];
    } catch {
      return []; // closed between listing and reading
    }
  });
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type BrowserContext, chromium, expect, type Page, test } from '@playwright/test';
import { type BrowserHost, startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import { chromiumArgs, chromiumPreferences } from '../../electron/host-browser/chromium-args.ts';
import { builtTestPage, temporaryFolder } from './support/kiosk-page.ts';
import { type Outside, startOutside } from './support/outside.ts';
import { PINS } from './support/test-core.ts';

/* The browser host with the real Chromium: bootstrap, session, restart of the core, lockdown, launcher. */

const CORE = resolve(import.meta.dirname, 'support/browser-test-core.ts');
const CHROMIUM = '/usr/bin/chromium';
let dist: Awaited<ReturnType<typeof builtTestPage>>;
let home: ReturnType<typeof temporaryFolder>;
let host: BrowserHost;
let outside: Outside;
const logs: { level: string; message: string; fields: Record<string, unknown> }[] = [];
const said = (message: string): number => logs.filter((l) => l.message.includes(message)).length;

async function start(mode: 'none' | 'headless'): Promise<void> {
  host = await startBrowserHost({
    home: home.path,
    demo: true,
    browser: { mode },
    dist: dist.path,
    coreModule: CORE,
    log: (level, message, fields = {}) => void logs.push({ level, message, fields }),
  });
}

/** A browser as the launcher starts it, steered by Playwright: same arguments, same seeded profile. */
async function kioskBrowser(extra: string[] = []): Promise<{ context: BrowserContext; page: Page }> {
  const profile = join(home.path, `profile-${readdirSync(home.path).length}`);
  mkdirSync(join(profile, 'Default'), { recursive: true });
  writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(chromiumPreferences(host.url)));
  const args = chromiumArgs({
    mode: 'headless',
    origin: host.url,
    enterFile: host.enterFile!,
    profile,
    demo: true,
    sandbox: false,
    footage: null,
  });
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    ignoreDefaultArgs: ['--disable-extensions'],
    args: [...args.filter((a) => a.startsWith('--') && !a.startsWith('--user-data-dir')), ...extra],
  });
  return { context, page: await enter(context) };
}
async function enter(context: BrowserContext): Promise<Page> {
  const page = context.pages()[0] ?? (await context.newPage());
  await page.goto(`file://${host.enterFile}`);
  await page.waitForURL(`${host.url}/`);
  return page;
}
const state = (page: Page) => page.locator('#state');

test.beforeAll(async () => {
  dist = await builtTestPage();
});
test.afterAll(() => dist.remove());
test.beforeEach(async () => {
  logs.length = 0;
  home = temporaryFolder('chromium-home-');
  outside = await startOutside();
});
test.afterEach(async () => {
  await host.close();
  await outside.close();
  home.remove();
});

test('the bootstrap page leads in once, and the session survives reloads and new tabs', async () => {
  await start('none');
  const { context, page } = await kioskBrowser();
  const used = host.enterFile;
  expect(used).toBeNull();
  await expect(state(page)).toHaveText('connected');
  await expect(page.locator('#site')).toHaveText('Test');
  for (let i = 0; i < 2; i++) {
    await page.reload();
    await expect(state(page)).toHaveText('connected');
  }
  const [cookie] = await context.cookies(host.url);
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', expires: -1 });
  expect(await page.evaluate(() => document.cookie)).toBe('');
  await context.close();
});

test('a page that comes with a used token, or without a session, sees a coded refusal', async () => {
  await start('none');
  const copy = readFileSync(host.enterFile!, 'utf8');
  const { context, page } = await kioskBrowser();
  const replay = join(home.path, 'replay.html');
  writeFileSync(replay, copy);
  await page.goto(`file://${replay}`);
  await page.waitForURL('**/enter');
  await expect(page.locator('code')).toHaveText('token-used');
  await context.close();

  const stranger = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  const other = await stranger.newPage();
  await other.goto(host.url);
  await expect(other.locator('code')).toHaveText('no-session');
  await stranger.close();
});

test('a core that is killed is restarted while the page says so, and the page connects again by itself', async () => {
  await start('none');
  const { context, page } = await kioskBrowser();
  await expect(state(page)).toHaveText('connected');
  // The page shows each state for a moment alone; it is asked to keep a list of them.
  await page.evaluate(() => {
    const seen: string[] = [];
    (window as unknown as { seen: string[] }).seen = seen;
    new MutationObserver(() => seen.push(document.getElementById('state')!.textContent!)).observe(
      document.getElementById('state')!,
      { childList: true },
    );
  });
  const before = host.corePid!;
  process.kill(before, 'SIGKILL');
  await expect.poll(() => page.evaluate(() => window.connections)).toBe(2);
  const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
  expect(seen[0]).toBe('lost');
  expect(seen.at(-1)).toBe('connected');
  expect(seen).toEqual(expect.arrayContaining([expect.stringMatching(/^(restarting|starting)$/)]));
  expect(host.corePid).not.toBe(before);
  await context.close();
});

test('a core that refuses is shown with its code', async () => {
  writeFileSync(join(home.path, 'refuse'), '');
  await start('none');
  const { context, page } = await kioskBrowser();
  await expect(state(page)).toHaveText('refused');
  await expect(page.locator('#code')).toHaveText('store-wrong-key');
  await context.close();
});

test('pictures and errors cross between a real page and the core', async () => {
  await start('none');
  const { context, page } = await kioskBrowser();
  await expect(state(page)).toHaveText('connected');
  const answer = await page.evaluate(() => {
    const picture = { width: 1280, height: 1280, data: new Uint8Array(1280 * 1280 * 3).fill(51) };
    return window.core.probe({
      visit: '01890a5d-ac96-774b-bcce-b302099a8057',
      frame: { picture, box: [0, 0, 9, 9], others: 0, takenAt: 1 },
    });
  });
  expect(answer).toEqual({ kind: 'more', progress: 0.2 });
  expect(
    await page.evaluate(
      (pin) => window.core.staffUnlock({ pin }).catch((e) => [e.code, e.params.seconds]),
      PINS.refuses,
    ),
  ).toEqual(['pin-locked', 30]);
  await context.close();
});

test('the camera is granted to the kiosk’s page without a prompt, the microphone and other origins get nothing', async () => {
  await start('none');
  // A fake camera, but the real permission path: no --use-fake-ui-for-media-stream.
  const { context, page } = await kioskBrowser(['--use-fake-device-for-media-stream']);
  const ask = (constraints: MediaStreamConstraints) =>
    page.evaluate(
      (c) =>
        navigator.mediaDevices.getUserMedia(c).then(
          (s) => s.getTracks().map((t) => t.kind),
          (e) => e.name,
        ),
      constraints,
    );
  expect(await ask({ video: true })).toEqual(['video']);
  expect(await ask({ audio: true })).toBe('NotAllowedError');
  expect(
    await page.evaluate(
      () =>
        navigator.geolocation &&
        new Promise((done) =>
          navigator.geolocation.getCurrentPosition(
            () => done('granted'),
            () => done('denied'),
          ),
        ),
    ),
  ).toBe('denied');
  await context.close();
});

/** Every way out of a page that we know of. Each ends by itself, whether it was stopped or not. */
async function tryEverything(page: Page): Promise<void> {
  await page.evaluate(
    async ({ port }) => {
      const url = `http://127.0.0.1:${port}/planted`;
      const add = <K extends keyof HTMLElementTagNameMap>(tag: K, set: Partial<HTMLElementTagNameMap[K]>): void => {
        document.body.append(Object.assign(document.createElement(tag), set));
      };
      await fetch(url).catch(() => undefined);
      await fetch(url, { mode: 'no-cors', method: 'POST', body: 'x' }).catch(() => undefined);
      navigator.sendBeacon(url, 'x');
      new Image().src = url;
      add('script', { src: url });
      add('iframe', { src: url });
      add('link', { rel: 'stylesheet', href: url });
      add('link', { rel: 'prefetch', href: url });
      add('link', { rel: 'dns-prefetch', href: url });
      add('video', { src: url });
      add('object', { data: url });
      add('style', { textContent: `@import "${url}"; body { background: url(${url}) }` });
      const form = Object.assign(document.createElement('form'), { action: url, method: 'post', target: '_blank' });
      document.body.append(form);
      form.submit();
      for (const open of [
        () => new WebSocket(`ws://127.0.0.1:${port}/`),
        () => new EventSource(url),
        () => new Worker(url),
        () => import(url),
      ]) {
        try {
          await (open() as Promise<unknown>);
        } catch {
          // refused at once: fine
        }
      }
      window.open(url);
      await new Promise((done) => setTimeout(done, 1_500));
    },
    { port: outside.port },
  );
}

/** What no content security policy stops: a bare connection ahead of a request, and WebRTC's packets. */
async function tryBeyondPolicy(page: Page): Promise<void> {
  await page.evaluate(
    async ({ port, udpPort }) => {
      document.head.append(
        Object.assign(document.createElement('link'), { rel: 'preconnect', href: `http://127.0.0.1:${port}/` }),
      );
      const peer = new RTCPeerConnection({
        iceServers: [
          { urls: `stun:127.0.0.1:${udpPort}` },
          { urls: `turn:127.0.0.1:${port}?transport=tcp`, username: 'x', credential: 'x' },
        ],
      });
      peer.createDataChannel('x');
      await peer.setLocalDescription(await peer.createOffer());
      await new Promise((done) => setTimeout(done, 2_000));
      peer.close();
    },
    { port: outside.port, udpPort: outside.udpPort },
  );
}

test('planted outside requests leave the page by no way at all', async () => {
  await start('none');
  // The counter works: what is not stopped is counted.
  await fetch(`http://127.0.0.1:${outside.port}/`);
  expect(outside.seen).toEqual(['GET / HTTP/1.1']);
  const { context, page } = await kioskBrowser();
  await expect(state(page)).toHaveText('connected');
  await tryEverything(page);
  await tryBeyondPolicy(page);
  expect(outside.seen).toEqual(['GET / HTTP/1.1']);
  const directives = new Set((await page.evaluate(() => window.violations)).map((v) => v.split(' ')[0]));
  expect([...directives]).toEqual(
    expect.arrayContaining([
      'connect-src',
      'img-src',
      'script-src-elem',
      'style-src-elem',
      'frame-src',
      'media-src',
      'form-action',
    ]),
  );
  await expect(state(page)).toHaveText('connected');
  await context.close();
});

test('the content security policy alone, in an ordinary browser, stops every request, but neither bare connections nor WebRTC', async () => {
  await start('none');
  const browser = await chromium.launchPersistentContext(join(home.path, 'plain'), {
    executablePath: CHROMIUM,
    args: ['--no-sandbox'],
  });
  const page = await enter(browser);
  await expect(state(page)).toHaveText('connected');
  await page.evaluate(() => {
    // A new window is not the page's own request; the launcher's browser has no way out for it either.
    window.open = () => null;
  });
  await tryEverything(page);
  // Chromium opens a connection ahead of a form's submission and closes it unused; no request follows.
  expect(outside.seen.filter((what) => what !== 'connection')).toEqual([]);
  // Why the launcher adds rules of its own; and the proof that these two would be counted.
  await tryBeyondPolicy(page);
  expect(outside.seen).toEqual(expect.arrayContaining(['connection', 'packet']));
  await browser.close();
});

test('the launcher’s own browser enters, comes back when it dies, shows no token in /proc, and leaves nothing behind', async () => {
  await start('headless');
  await expect.poll(() => said('a screen said hello'), { timeout: 20_000 }).toBe(1);
  const first = host.browserPid!;
  const commands = groupOf(first).map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  expect(commands.length).toBeGreaterThan(2);
  expect(commands.some((c) => c.includes('enter.html'))).toBe(true);
  expect(commands.join()).not.toMatch(/token|[?&]t=/);
  const folder = /user-data-dir=([^\0]+)\/profile/.exec(commands.join())![1]!;
  expect(existsSync(join(folder, 'profile'))).toBe(true);
  expect(existsSync(join(folder, 'enter.html'))).toBe(false);

  process.kill(first, 'SIGKILL');
  await expect.poll(() => said('a screen said hello'), { timeout: 20_000 }).toBe(2);
  const second = host.browserPid!;
  expect(second).not.toBe(first);
  expect(groupOf(first)).toEqual([]);

  await host.close();
  expect(groupOf(second)).toEqual([]);
  expect(existsSync(folder)).toBe(false);
});

test('outside a demo, an unprivileged user’s Chromium runs with its sandbox, and root’s not at all', async () => {
  // The common afterEach wants a host.
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
  delete (env as NodeJS.ProcessEnv).XDG_RUNTIME_DIR; // the test user's own
  const { child, lines } = runHost([...asNobody, ...node, folder, dist.path, 'production'], env);
  try {
    await expect
      .poll(() => lines.some((l) => l.message.includes('a screen said hello')), { timeout: 30_000 })
      .toBe(true);
    const { browser, uid } = lines.find((l) => l.message === 'started')!.fields;
    expect(uid).not.toBe(0);
    const renderers = groupOf(browser!).filter((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer'),
    );
    expect(renderers.length).toBeGreaterThan(0);
    for (const pid of [browser!, ...renderers])
      expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain('--no-sandbox');
    for (const pid of renderers) {
      // proc_pid_status(5): 2 is a seccomp filter; and the renderer lives in namespaces of its own.
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

test('a host that is killed outright takes core and browser along, and the next one clears its folder away', async () => {
  await start('none');
  const script = resolve(import.meta.dirname, 'support/run-host.ts');
  const { child, lines } = runHost([process.execPath, script, home.path, dist.path, 'demo'], process.env);
  await expect.poll(() => lines.some((l) => l.message.includes('a screen said hello')), { timeout: 30_000 }).toBe(true);
  const { browser, core } = lines.find((l) => l.message === 'started')!.fields;
  const folder = /user-data-dir=([^\0]+)\/profile/.exec(readFileSync(`/proc/${browser}/cmdline`, 'utf8'))![1]!;
  child.kill('SIGKILL');
  await expect.poll(() => groupOf(browser!), { timeout: 10_000 }).toEqual([]);
  await expect.poll(() => existsSync(`/proc/${core}/cmdline`), { timeout: 10_000 }).toBe(false);
  expect(existsSync(folder)).toBe(true);
  await host.close();
  await start('none');
  expect(existsSync(folder)).toBe(false);
});

interface HostLine {
  message: string;
  fields: { browser?: number; core?: number; uid?: number };
}
/** Starts `support/run-host.ts`; `lines` grows with what it says. */
function runHost([command, ...args]: string[], env: NodeJS.ProcessEnv): { child: ChildProcess; lines: HostLine[] } {
  const child = spawn(command!, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: HostLine[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  return { child, lines };
}

/** Processes of a group, by field 5 of /proc/pid/stat (proc_pid_stat(5)); zombies count as gone. */
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

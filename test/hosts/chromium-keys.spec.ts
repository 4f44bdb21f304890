import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BrowserContext, chromium, expect, type Page, test } from '@playwright/test';
import { type BrowserHost, startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import { chromiumArgs, chromiumPreferences } from '../../electron/host-browser/chromium-args.ts';
import { ensureBuilt } from '../kit/ensure-built.ts';
import { reservePorts } from '../services/ports.ts';
import { type CageSession, noCageHere, openCage } from './support/cage-session.ts';
import { CHROMIUM, CORE } from './support/chromium-fixture.ts';
import { temporaryFolder } from './support/kiosk-page.ts';
import { startOutside } from './support/outside.ts';
import { kioskPolicy, noPolicyHere, policiedChromium, steerable } from './support/policied-chromium.ts';

/*
 * No key or touch leads out of the kiosk's page. The product's page runs in the product's session (cage), under the policy of an
 * installed kiosk. Keys come from a keyboard of the session, so the browser treats them as a person's.
 */

const impossible = noCageHere() ?? noPolicyHere();
test.skip(impossible !== null, impossible ?? '');
let context: BrowserContext | null = null;

let home: ReturnType<typeof temporaryFolder>;
let host: BrowserHost;
let session: CageSession;
const logs: string[] = [];
const hellos = (): number => logs.filter((line) => line.includes('a screen said hello')).length;

test.beforeAll(() => ensureBuilt(() => undefined));
test.beforeEach(async () => {
  home = temporaryFolder('keys-');
  logs.length = 0;
  session = await openCage();
});
test.afterEach(async () => {
  await context?.close();
  context = null;
  await host?.close();
  await session.close();
  home.remove();
});

async function startHost(mode: 'none' | 'kiosk', port?: number): Promise<void> {
  host = await startBrowserHost({
    home: home.path,
    demo: true,
    browser: { mode },
    ...(port === undefined ? {} : { port }),
    coreModule: CORE,
    log: (_level, message) => void logs.push(message),
  });
}

/** The launcher's browser, steered by Playwright: same arguments, profile and policy, except what forbids steering. */
async function steered(program: string, url: (host: BrowserHost) => string): Promise<Page> {
  const profile = join(home.path, `profile-${readdirSync(home.path).length}`);
  mkdirSync(join(profile, 'Default'), { recursive: true });
  writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(chromiumPreferences(host.url)));
  const args = chromiumArgs({
    mode: 'kiosk',
    origin: host.url,
    enterFile: host.enterFile!,
    profile,
    demo: true,
    sandbox: false,
    footage: null,
  });
  context = await chromium.launchPersistentContext(profile, {
    executablePath: program,
    headless: false,
    viewport: null,
    ignoreDefaultArgs: ['--disable-extensions', '--hide-scrollbars'],
    args: [
      ...args.filter((a) => a.startsWith('--') && !a.startsWith('--user-data-dir')),
      '--ozone-platform=wayland',
      '--force-prefers-reduced-motion',
    ],
    env: { ...process.env, ...session.env } as Record<string, string>,
  });
  const page = context.pages()[0]!;
  await page.goto(url(host));
  return page;
}

/** The kiosk's page, with the policy of an installed kiosk. */
async function kioskPage(): Promise<Page> {
  const runtime = dirname(dirname(host.enterFile!));
  const program = policiedChromium(home.path, steerable(kioskPolicy(host.url, runtime)));
  const page = await steered(program, (h) => `file://${h.enterFile}`);
  await page.waitForURL(`${host.url}/`);
  await expect(page.locator('.kiosk')).toBeVisible();
  await page.evaluate(() => Reflect.set(window, 'mark', 1));
  return page;
}

/** The state that no key may change. */
async function marks(page: Page): Promise<object> {
  return {
    pages: page.context().pages().length,
    url: page.url(),
    ...(await page.evaluate(() => ({
      mark: Reflect.get(window, 'mark'),
      visible: document.visibilityState,
      zoom: devicePixelRatio,
      scale: visualViewport!.scale,
      wide: innerWidth === screen.width && innerHeight === screen.height,
      selected: String(getSelection()),
      scrolled: [scrollX, scrollY],
    }))),
  };
}

/** How far the screen differs from the page: nothing else may show, such as a menu, bar, bubble or window of the browser. */
const covered = async (page: Page): Promise<number> => session.differsFrom(await page.screenshot({ caret: 'initial' }));

const MODIFIERS = ['ctrl', 'ctrl+shift', 'alt', 'alt+shift', 'ctrl+alt', 'logo'];
const LETTERS = [...'abcdefghijklmnopqrstuvwxyz0123456789'];
const NAMED = [
  'Tab',
  'F4',
  'Left',
  'Right',
  'Home',
  'Page_Up',
  'Page_Down',
  'plus',
  'minus',
  'Escape',
  'Delete',
  'Return',
  'space',
];
const ALONE = [
  ...Array.from({ length: 12 }, (_, i) => `F${i + 1}`),
  ...Array.from({ length: 12 }, (_, i) => `shift+F${i + 1}`),
  'shift+Escape',
  'Menu',
  'XF86Back',
  'XF86Forward',
  'XF86HomePage',
  'XF86Refresh',
  'XF86Reload',
  'XF86Search',
  'XF86Favorites',
  'XF86WWW',
  'XF86Explorer',
  'XF86Mail',
  'XF86Calculator',
  'XF86Close',
  'XF86New',
  'XF86Open',
  'Print',
  'Help',
];
/** Every browser shortcut that we know of, and all combinations that we don't. */
const CHORDS = [...MODIFIERS.flatMap((m) => [...LETTERS, ...NAMED].map((key) => `${m}+${key}`)), ...ALONE];

test('no key leaves the page, opens anything over it, or changes its display', async () => {
  await startHost('none');
  const page = await kioskPage();
  const opened: string[] = [];
  page.context().on('page', (other) => opened.push(other.url()));
  const before = await marks(page);
  expect(before).toMatchObject({ pages: 1, visible: 'visible', wide: true });
  const check = async (chord: string): Promise<void> => {
    expect({ chord, ...(await marks(page)) }).toEqual({ chord, ...before });
    expect([chord, opened]).toEqual([chord, []]);
  };
  for (const [n, chord] of CHORDS.entries()) {
    session.press(chord);
    await check(chord);
    // Screenshots are expensive. Whatever opens stays open, so the next screenshot shows it.
    if (n % 12 === 0 || n === CHORDS.length - 1)
      await expect.poll(() => covered(page), { message: `after ${chord}` }).toBeLessThan(0.001);
  }
  // In a debug build of cage, Alt+Escape ends it.
  expect(session.alive).toBe(true);
});

test('without page and policy the same keys do leave, which proves that they arrive', async () => {
  await startHost('none');
  const page = await steered(CHROMIUM, () => 'about:blank');
  await page.evaluate(() => (document.body.textContent = 'a page of no kiosk'));
  await expect.poll(() => covered(page)).toBeLessThan(0.001);
  session.press('ctrl+p');
  await expect.poll(() => covered(page)).toBeGreaterThan(0.001);
  session.press('Escape');
  await expect.poll(() => covered(page)).toBeLessThan(0.001);
  session.press('ctrl+t');
  await expect.poll(() => page.context().pages().length).toBe(2);
});

test('no mouse button, touch, drop or selection leaves it either', async () => {
  await startHost('none');
  const page = await kioskPage();
  const before = await marks(page);
  const devices = await page.context().newCDPSession(page);
  const { width, height } = (await page.evaluate(() => ({ width: innerWidth, height: innerHeight })))!;
  const at = { x: Math.round(width / 2), y: Math.round(height / 2) };
  const same = async (what: string): Promise<void> => {
    await expect.poll(() => covered(page), { message: `after ${what}` }).toBeLessThan(0.001);
    expect({ what, ...(await marks(page)) }).toEqual({ what, ...before });
  };
  const press = async (button: 'left' | 'right' | 'middle' | 'back' | 'forward', clicks = 1): Promise<void> => {
    for (const type of ['mousePressed', 'mouseReleased'] as const)
      await devices.send('Input.dispatchMouseEvent', { type, ...at, button, clickCount: clicks });
  };
  for (const button of ['right', 'middle', 'back', 'forward'] as const) {
    await press(button);
    await same(`the ${button} button`);
  }
  // Selects a word, then a paragraph, in the sentence on the first screen.
  const sentence = (await page.locator('.sentence, h1, p').first().boundingBox())!;
  await page.mouse.dblclick(sentence.x + sentence.width / 2, sentence.y + sentence.height / 2);
  await page.mouse.click(sentence.x + sentence.width / 2, sentence.y + sentence.height / 2, { clickCount: 3 });
  await page.mouse.move(2, 2);
  await page.mouse.down();
  await page.mouse.move(width - 2, height - 2, { steps: 8 });
  await page.mouse.up();
  await same('a selection by mouse');

  await devices.send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 5 });
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', points: { x: number; y: number }[]) =>
    devices.send('Input.dispatchTouchEvent', { type, touchPoints: points });
  await touch('touchStart', [{ x: 4, y: 4 }]);
  // Twice as long as Chromium waits before it treats a touch as a long press.
  await page.waitForTimeout(1_500);
  await touch('touchEnd', []);
  await same('a long press');
  await devices.send('Input.synthesizePinchGesture', { ...at, scaleFactor: 3, gestureSourceType: 'touch' });
  await same('a pinch');
  for (const xDistance of [width - 10, 10 - width]) {
    await devices.send('Input.synthesizeScrollGesture', {
      x: xDistance > 0 ? 4 : width - 4,
      y: at.y,
      xDistance,
      gestureSourceType: 'touch',
      preventFling: false,
    });
    await same('a swipe');
  }
  await devices.send('Input.dispatchMouseEvent', { type: 'mouseWheel', ...at, deltaX: 0, deltaY: -300, modifiers: 2 });
  await same('Ctrl and the wheel');
  await devices.send('Emulation.setTouchEmulationEnabled', { enabled: false });

  const data = {
    items: [
      { mimeType: 'text/uri-list', data: 'https://evil.example/' },
      { mimeType: 'text/html', data: '<img src="https://evil.example/x">' },
    ],
    files: ['/etc/passwd'],
    dragOperationsMask: 1,
  };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await devices.send('Input.dispatchDragEvent', { type, ...at, data });
  await same('a drop of a link and a file');
});

/** How a page could navigate elsewhere without the user. Each is tried on a freshly loaded page. */
const LEADS: Record<string, (url: string) => void> = {
  'location.href': (url) => {
    location.href = url;
  },
  'location.replace': (url) => location.replace(url),
  'window.open': (url) => void window.open(url),
  'window.open with a noopener': (url) => void window.open(url, '_blank', 'noopener,popup'),
  'a link': (url) => Object.assign(document.createElement('a'), { href: url }).click(),
  'a link into another window': (url) => {
    const link = Object.assign(document.createElement('a'), { href: url, target: '_blank' });
    document.body.append(link);
    link.click();
  },
  'a download': (url) => Object.assign(document.createElement('a'), { href: url, download: 'x' }).click(),
  'a meta refresh': (url) =>
    document.head.append(
      Object.assign(document.createElement('meta'), { httpEquiv: 'refresh', content: `0;url=${url}` }),
    ),
  'a form': (url) => {
    const form = Object.assign(document.createElement('form'), { action: url, method: 'post' });
    document.body.append(form);
    form.submit();
  },
};
const ELSEWHERE = [
  'file:///etc/passwd',
  'file:///',
  'view-source:http://127.0.0.1/',
  'chrome://version/',
  'chrome://settings/',
  'chrome://inspect/',
  'devtools://devtools/bundled/inspector.html',
  'data:text/html,<h1>elsewhere',
  'ftp://127.0.0.1/',
  'mailto:x@evil.example',
];

test('the page itself leads nowhere, and no other address opens', async () => {
  await startHost('none');
  const page = await kioskPage();
  const outside = await startOutside();
  const shows = (): Promise<string> =>
    page.evaluate(() => `${location.href} ${document.body.textContent}`).catch(() => 'nothing');
  const back = () => expect.poll(() => page.goto(`${host.url}/`).then(() => page.url(), String)).toBe(`${host.url}/`);
  try {
    for (const url of [`http://127.0.0.1:${outside.port}/planted`, ...ELSEWHERE]) {
      for (const [name, lead] of Object.entries(LEADS)) {
        await page.evaluate(lead, url).catch(() => undefined);
        await page.waitForTimeout(50);
        const shown = await shows();
        expect([name, url, shown]).toEqual([
          name,
          url,
          expect.not.stringMatching(/root:x:|elsewhere|^(file|chrome|devtools|data|view-source):/),
        ]);
        expect([name, url, page.context().pages().length]).toEqual([name, url, 1]);
        if (page.url() !== `${host.url}/` || shown === 'nothing') await back();
      }
      // The equivalent of the address bar, which a person at the kiosk does not even have.
      await page.goto(url).catch(() => undefined);
      expect([url, await shows()]).toEqual([
        url,
        expect.not.stringMatching(/root:x:|elsewhere|^(file|chrome|devtools|view-source):/),
      ]);
      await back();
    }
    expect(outside.seen).toEqual([]);
  } finally {
    await outside.close();
  }
});

/** Starts the host with its own browser in the session. `port` is for an attacker who would steer that browser from outside. */
async function hostInSession(program: string, port: number, steer: number): Promise<void> {
  // Simulates an attacker who can change the command line: the policy has to refuse.
  const wrapper = join(home.path, 'with-port');
  const env = Object.entries(session.env).map(([name, value]) => `export ${name}='${value}'`);
  const start = `exec "${program}" --remote-debugging-port=${steer} "$@"`;
  writeFileSync(wrapper, ['#!/bin/sh', ...env, start, ''].join('\n'), { mode: 0o755 });
  const usual = process.env.SMARTPRESENCE_CHROMIUM;
  process.env.SMARTPRESENCE_CHROMIUM = wrapper;
  try {
    await startHost('kiosk', port);
  } finally {
    if (usual === undefined) delete process.env.SMARTPRESENCE_CHROMIUM;
    else process.env.SMARTPRESENCE_CHROMIUM = usual;
  }
  await expect.poll(hellos).toBe(1);
}
const steers = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/json/version`).then(
    (answer) => answer.ok,
    () => false,
  );

test('under the full policy nobody can control the host’s browser or inspect its page, and a crashed page recovers', async () => {
  const [port, steer] = (await reservePorts(2)) as [number, number];
  const policy = kioskPolicy(`http://127.0.0.1:${port}`, process.env.XDG_RUNTIME_DIR ?? '/dev/shm');
  const lax = join(home.path, 'lax');
  mkdirSync(lax);
  await hostInSession(policiedChromium(lax, steerable(policy)), port, steer);
  expect(await steers(steer)).toBe(true);
  await host.close();

  logs.length = 0;
  await hostInSession(policiedChromium(home.path, policy), port, steer);
  expect(await steers(steer)).toBe(false);
  // The page has settled when it looks the same for a while. Its clock may advance by a minute.
  let picture = session.picture();
  await expect
    .poll(
      async () => {
        const moved = await session.differsFrom(picture);
        picture = session.picture();
        return moved;
      },
      { intervals: [1_500], timeout: 60_000 },
    )
    .toBeLessThan(0.001);
  for (const chord of [
    'F12',
    'ctrl+shift+i',
    'ctrl+shift+j',
    'ctrl+shift+c',
    'ctrl+u',
    'ctrl+shift+u',
    'ctrl+t',
    'ctrl+n',
  ])
    session.press(chord);
  await expect.poll(() => session.differsFrom(picture)).toBeLessThan(0.02);
  expect(hellos()).toBe(1);

  // A crashed page receives no keys, so they go to the browser. The browser must show nothing for them and load the page again.
  for (const pid of renderersOf(host.browserPid!)) process.kill(pid, 'SIGKILL');
  await expect.poll(() => session.differsFrom(picture)).toBeGreaterThan(0.02);
  for (const chord of ['ctrl+t', 'ctrl+l']) session.press(chord);
  for (const key of 'file:///etc/passwd') session.press(key === ':' ? 'shift+colon' : key === '/' ? 'slash' : key);
  session.press('Return');
  await expect.poll(hellos, { timeout: 120_000 }).toBe(2);
  await expect.poll(() => session.differsFrom(picture)).toBeLessThan(0.02);
});

/** Returns the renderer processes in the browser's process group. */
function renderersOf(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const pgrp = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[2];
        return Number(pgrp) === group && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer');
      } catch {
        return false; // it ended meanwhile
      }
    });
}

test('this Chromium knows every policy by name and accepts its value', async () => {
  await startHost('none');
  const policy = steerable(kioskPolicy(host.url, home.path));
  // The one page that reports this is blocked as well, so it is allowed here.
  const readable = { ...policy, URLAllowlist: [...(policy.URLAllowlist as string[]), 'chrome://policy'] };
  const page = await steered(policiedChromium(home.path, readable), () => 'chrome://policy');
  const rows = () =>
    page.evaluate(() => {
      const found: string[] = [];
      const walk = (root: Document | ShadowRoot): void => {
        for (const element of root.querySelectorAll('*')) {
          if (element.localName === 'policy-row')
            found.push(element.shadowRoot!.textContent.replace(/\s+/g, ' ').trim());
          else if (element.shadowRoot) walk(element.shadowRoot);
        }
      };
      walk(document);
      return found.filter((row) => !/ Not set\. /.test(row));
    });
  await expect.poll(async () => (await rows()).length).toBeGreaterThanOrEqual(Object.keys(policy).length);
  const notified = await rows();
  for (const name of Object.keys(policy)) {
    const row = notified.find((text) => text.startsWith(`${name} `));
    expect([name, row]).toEqual([name, expect.stringMatching(/ Status OK /)]);
  }
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { takesOf } from '../footage/catalogue.ts';
import { cachedClip } from '../footage/index.ts';
import { plainPage } from '../hosts/support/plain-page.ts';
import { steerable } from '../hosts/support/policied-chromium.ts';
import { type Booted, boot, connect, copyOfDebian, IN_A_CONTAINER } from '../kiosk-image/debian.ts';
import { run } from '../kiosk-image/machine.ts';
import type { KioskArtefact } from './artefact.ts';

/*
 * A Debian machine with a kiosk set up by its own installer, connected by a cable to the server's machine, which has a printer. A
 * container has no screen, camera or keyboard: cage's headless screen, Chromium's fake camera and wtype replace them.
 */

/** Chromium with footage as its camera, and with its debugging port, which the kiosk's policy forbids. */
const CHROMIUM = `#!/bin/sh
exec /usr/bin/chromium --remote-debugging-port=9222 --use-fake-device-for-media-stream \\
  --use-file-for-fake-video-capture=/opt/test/camera.mjpeg "$@"
`;
const POLICY = 'etc/chromium/policies/managed/smartpresence.json';
/** It needs a D-Bus to look for Avahi, finds none, and works without it. */
const PRINTER = `DBUS_SYSTEM_BUS_ADDRESS=$DBUS_SESSION_BUS_ADDRESS exec ippeveprinter -p 631 -r off \
-f application/pdf,image/urf -d "$0" -k Desk`;

export interface InstalledKiosk {
  readonly root: string;
  readonly machine: Booted;
  /** The JSON lines in the log of the kiosk and its updater since the installation. */
  said(): Record<string, unknown>[];
  /** Waits for a line of that log after the first `from` ones. */
  line(what: string, wanted: (line: Record<string, unknown>) => boolean, from?: number): Promise<void>;
  /**
   * Focuses the element once it is on the screen, and presses Enter. Repeats this until `leadsTo` is on the screen, since a face
   * recognised meanwhile changes the screen.
   * @param label how the element's name or text starts
   */
  press(selector: string, label?: string, leadsTo?: string): Promise<void>;
  /** Performs steps at its screen. Restarts them if the screen was left because of a timeout or a face. */
  steps(work: () => Promise<void>): Promise<void>;
  /** Types a line into the field. */
  fill(selector: string, text: string): Promise<void>;
  /** Types into the focused element at the speed of a badge reader, and ends with Enter. */
  type(text: string): void;
  /** Returns the text of the element once it is on the screen. */
  read(selector: string): Promise<string>;
  /** Printed pages, as PDF files. */
  papers(): string[];
  remove(): Promise<void>;
}

/** Long enough for a busy machine. */
const PATIENCE_MS = 1_200_000;
/** A screen that was left doesn't return automatically. */
const STEP_MS = 60_000;

export async function installKiosk(
  artefact: KioskArtefact,
  server: Booted,
  trustedRoot: string,
): Promise<InstalledKiosk> {
  const undo: (() => unknown)[] = [];
  const remove = async (): Promise<void> => {
    for (const one of undo.reverse()) await one();
  };
  try {
    const { root, machine, papers } = await install(artefact, server, trustedRoot, undo);
    const kiosk = kioskOn(machine, root, papers, undo, remove);
    await kiosk.line('the kiosk', (line) => line.ready === true);
    return kiosk;
  } catch (cause) {
    await remove();
    throw cause;
  }
}

/** Installs it as docs/install/kiosk.md describes. @param undo receives what removes it again */
async function install(
  { build, installer }: KioskArtefact,
  server: Booted,
  trustedRoot: string,
  undo: (() => unknown)[],
): Promise<{ root: string; machine: Booted; papers: string }> {
  const papers = mkdtempSync(join(tmpdir(), 'sp-papers-'));
  undo.push(() => rmSync(papers, { recursive: true, force: true }));
  const debian = copyOfDebian();
  undo.push(debian.remove);
  const put = (path: string, text: string | Buffer, mode = 0o644): void => {
    mkdirSync(join(debian.root, path, '..'), { recursive: true });
    writeFileSync(join(debian.root, path), text, { mode });
  };
  put('etc/hosts', '127.0.0.1 localhost\n10.20.0.1 presence.example.org\n');
  put('etc/systemd/system/smartpresence-kiosk.service.d/container.conf', IN_A_CONTAINER);
  const blank = (seconds: number) => ({ source: 'blank', seconds });
  const face = takesOf('A', 'straight')[0]!;
  // An update waits until nobody has been present for a minute.
  const walksUp = { segments: [blank(3), face, face, face, blank(100)] };
  put('opt/test/chromium', CHROMIUM, 0o755);
  cpSync(
    await cachedClip(walksUp, join(import.meta.dirname, '../artefacts/clips')),
    join(debian.root, 'opt/test/camera.mjpeg'),
  );
  put('etc/smartpresence/kiosk.env', 'SMARTPRESENCE_CHROMIUM=/opt/test/chromium\n');
  mkdirSync(join(debian.root, 'root/kiosk'));
  run('tar', '-xzf', installer, '-C', join(debian.root, 'root/kiosk'), '--no-same-owner');
  cpSync(build.archive, join(debian.root, 'root/kiosk/kiosk.tar.gz'));
  cpSync(trustedRoot, join(debian.root, 'root/kiosk/root.json'));

  let machine = await boot(debian.root);
  undo.push(() => machine.halt());
  connect(server, machine);
  undo.push(await startPrinter(server, papers));
  const sha256 = run('sha256sum', build.archive).slice(0, 64);
  const options = ['--no-packages', '--archive', '/root/kiosk/kiosk.tar.gz', '--sha256', sha256];
  for (const port of [8444, 8883]) options.push('--server', `presence.example.org:${port}`);
  options.push('--update-root', '/root/kiosk/root.json', '--printer', 'ipp://10.20.0.1/ipp/print');
  const said = machine.say('/root/kiosk/install.sh', ...options);
  for (const line of ['the first build is in place', 'the kiosk prints to ipp://10.20.0.1/ipp/print'])
    if (!said.includes(line)) throw new Error(`install.sh did not say “${line}”:\n${said}`);
  const policy = JSON.parse(readFileSync(join(debian.root, POLICY), 'utf8')) as Record<string, unknown>;
  put(POLICY, JSON.stringify(steerable(policy)));
  await machine.halt();
  machine = await boot(debian.root);
  connect(server, machine);
  return { root: debian.root, machine, papers };
}

function kioskOn(
  machine: Booted,
  root: string,
  papers: string,
  undo: (() => unknown)[],
  remove: () => Promise<void>,
): InstalledKiosk {
  const journal = (): string =>
    machine.say(
      'journalctl',
      '--no-pager',
      '--output=cat',
      '--unit=smartpresence-kiosk',
      '--unit=smartpresence-update',
    );
  const lines = (): Record<string, unknown>[] =>
    journal()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const relay = relayTo(machine, 9222);
  undo.push(relay.close);
  const type = (text: string): void => {
    const session = ['env', 'XDG_RUNTIME_DIR=/run/smartpresence', 'WAYLAND_DISPLAY=wayland-0'];
    const user = ['setpriv', '--reuid=smartpresence', '--regid=smartpresence', '--init-groups'];
    machine.say(...session, ...user, 'wtype', ...(text === '' ? [] : [text]), '-k', 'Return');
  };
  /** Evaluates a function in the page until its result is not null. */
  async function onPage<T, A>(
    what: string,
    work: (argument: A) => T | null,
    argument: A,
    patience = PATIENCE_MS,
  ): Promise<T> {
    let last: unknown;
    for (const since = performance.now(); performance.now() - since < patience; ) {
      try {
        const page = await plainPage(await relay.port, 'http://127.0.0.1:7480');
        const found = await page.run(work, argument).finally(page.close);
        if (found !== null) return found;
      } catch (cause) {
        last = cause;
      }
      await sleep(500);
    }
    throw new Error(`${what} is not on the screen`, { cause: last });
  }
  /** @returns true once the element has the focus, false once `leadsTo` is on the screen */
  const focus = (selector: string, label = '', leadsTo = ''): Promise<boolean> =>
    onPage(
      `${selector} ${label}`,
      ([of, text, next]) => {
        if (next !== '' && document.querySelector(next!)) return false;
        const found = [...document.querySelectorAll<HTMLElement>(of!)].find(
          (one) => (one.getAttribute('aria-label') ?? one.textContent)?.trim().startsWith(text!) === true,
        );
        found?.focus();
        return (found !== undefined && document.activeElement === found) || null;
      },
      [selector, label, leadsTo],
      STEP_MS,
    );
  return {
    root,
    machine,
    said: lines,
    async line(what, wanted, from = 0) {
      for (const since = performance.now(); performance.now() - since < PATIENCE_MS; )
        if (lines().slice(from).some(wanted)) return;
        else await sleep(500);
      throw new Error(`${what} did not come. The kiosk said:\n${journal().slice(-6_000)}`);
    },
    async steps(work) {
      for (const since = performance.now(); ; )
        try {
          return await work();
        } catch (cause) {
          if (performance.now() - since > PATIENCE_MS) throw cause;
        }
    },
    async press(selector, label, leadsTo) {
      while (await focus(selector, label, leadsTo)) {
        type('');
        if (leadsTo === undefined) return;
        await sleep(5_000);
      }
    },
    async fill(selector, text) {
      await focus(selector);
      type(text);
    },
    type,
    read: (selector) => onPage(selector, (of) => document.querySelector(of)?.textContent?.trim() || null, selector),
    papers: () => run('find', papers, '-name', '*.pdf').trim().split('\n').filter(Boolean).sort(),
    remove,
  };
}

/** Starts an IPP Everywhere printer in the server's network that prints to PDF files. @returns how to stop it */
async function startPrinter(server: Booted, papers: string): Promise<() => void> {
  const [program, ...inNetwork] = server.enter('--net');
  const child = spawn(program!, [...inNetwork, 'dbus-run-session', '--', 'sh', '-c', PRINTER, papers], {
    stdio: 'ignore',
    detached: true,
  });
  await server.until('the printer', 60_000, 'bash', '-c', '</dev/tcp/10.20.0.1/631');
  return () => void process.kill(-child.pid!, 'SIGKILL');
}

/** Forwards a port of this machine to a port of the other machine's loopback interface. */
function relayTo(machine: Booted, port: number): { port: Promise<number>; close(): void } {
  const pipe = `const s = require('node:net').connect(${port}, '127.0.0.1'); process.stdin.pipe(s).pipe(process.stdout); s.on('error', () => process.exit(1)).on('close', () => process.exit(0))`;
  const server = createServer((socket) => {
    const [program, ...inNetwork] = machine.enter('--net');
    const child = spawn(program!, [...inNetwork, process.execPath, '-e', pipe], { stdio: ['pipe', 'pipe', 'ignore'] });
    socket.pipe(child.stdin!).on('error', () => undefined);
    child.stdout!.pipe(socket);
    socket.on('error', () => child.kill()).on('close', () => child.kill());
  }).listen(0, '127.0.0.1');
  return {
    port: once(server, 'listening').then(() => (server.address() as { port: number }).port),
    close: () => void server.close(),
  };
}

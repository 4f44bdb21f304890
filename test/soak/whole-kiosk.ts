import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { type Browser, type CDPSession, chromium, type Page } from '@playwright/test';
import { enrolDemoPeople } from '../../electron/cli/demo/enrol.ts';
import { demoClipSpec } from '../../electron/cli/demo/people.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { readSiteConfig, writeSiteConfig } from '../../electron/core/site/config.ts';
import { type BrowserHost, startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import { processMemory } from '../bench/harness.ts';
import { installReactiveCamera, type ReactiveCamera } from '../footage/reactive-camera.ts';
import { type SerialCable, serialCable } from '../services/serial-line.ts';

/** A whole kiosk for a long day: real host, core, screens in Chromium, a badge reader on a real port, footage as camera. */
export interface WholeKiosk {
  readonly host: BrowserHost;
  readonly page: Page;
  readonly camera: ReactiveCamera;
  readonly reader: SerialCable;
  /** Badges of the people who have one. */
  readonly badges: readonly string[];
  /** Clips of faces that are enrolled. */
  readonly clips: readonly string[];
  /** Returns all complaints of host, page and content policy since the last call. */
  takeComplaints(): string[];
  /** Bytes: resident memory of the core, heap of the page after garbage collection, resident memory of all renderer processes. */
  memory(): Promise<{ core: number; heap: number; renderers: number }>;
  /** Ends everything. Returns the check-ins in the store. */
  close(): Promise<{ records: number; distinct: number; chain: string[] }>;
}

const BADGED = 40;
export type Counting = typeof globalThis & { results: number };

export async function startWholeKiosk(): Promise<WholeKiosk> {
  const folder = mkdtempSync(join(tmpdir(), 'sp-soak-'));
  const home = join(folder, 'kiosk');
  const reader = serialCable('reader');
  await reader.plug();
  ensureKioskFolder(home, true);
  writeSiteConfig(home, {
    ...readSiteConfig(home),
    repeatWindowSeconds: 0,
    devices: { readers: [{ name: 'Gate', port: reader.path }] } as never,
  });
  const badges = await fill(home);
  const complaints: string[] = [];
  const host = await startBrowserHost({
    home,
    demo: true,
    browser: { mode: 'none' },
    log: (level, message, fields) => {
      if (level === 'warn' || level === 'error') complaints.push(`${level}: ${message} ${inspect(fields)}`);
    },
  });
  const browser: Browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--enable-precise-memory-info'],
  });
  const page = await browser.newPage({ viewport: { width: 1080, height: 1920 } });
  page.on('pageerror', (error) => complaints.push(`page: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    const { url, lineNumber } = message.location();
    complaints.push(`console${message.worker() ? ' of a worker' : ''}: ${message.text()} (${url}:${lineNumber})`);
  });
  const camera = await installReactiveCamera(page, { fps: 15 });
  // A result disappears soon. The page itself counts them, so that none is missed.
  await page.addInitScript(() => {
    const counted = globalThis as Counting;
    counted.results = 0;
    let there = false;
    new MutationObserver(() => {
      const now = document.querySelector('.result') !== null;
      if (now && !there) counted.results++;
      there = now;
    }).observe(document, { subtree: true, childList: true });
    const later = globalThis.setTimeout.bind(globalThis);
    const sooner = (work: TimerHandler, ms?: number, ...rest: unknown[]) =>
      later(work, ms === 2_000 ? 60 : ms, ...rest);
    globalThis.setTimeout = sooner as typeof globalThis.setTimeout;
  });
  await page.goto(pathToFileURL(host.enterFile!).href);
  await page.locator('.stage[data-live=true]').waitFor({ timeout: 120_000 });
  // A page that loads before its core is up retries until it is: every kiosk starts like that.
  complaints.length = 0;
  const clips: string[] = [];
  for (const segment of demoClipSpec().segments.filter((s) => s.source !== 'blank')) {
    clips.push(segment.source);
    await camera.load(segment.source, { ...segment, seconds: 2 });
  }
  const cdp = await page.context().newCDPSession(page);
  return {
    host,
    page,
    camera,
    reader,
    badges,
    clips,
    takeComplaints: () => complaints.splice(0),
    memory: async () => ({
      core: processMemory(host.corePid!).resident,
      heap: await heapOf(cdp),
      renderers: rendererMemory(),
    }),
    async close() {
      await browser.close();
      await host.close();
      await reader[Symbol.asyncDispose]();
      const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
      try {
        const all = kiosk.store.checkins.list({ limit: 1_000_000 });
        const { problems } = await kiosk.store.check();
        return {
          records: all.length,
          distinct: new Set(all.map((c) => c.id)).size,
          chain: problems.map((p) => inspect(p)),
        };
      } finally {
        await kiosk.close();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Adds people with badges, as the server sends them, and the two men of the footage. */
async function fill(home: string): Promise<string[]> {
  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  try {
    await enrolDemoPeople(kiosk);
    const badges = Array.from({ length: BADGED }, (_, i) => String(5_000_000 + i * 7919));
    await kiosk.store.roster.apply(
      {
        whole: false,
        cursor: 'soak',
        more: false,
        changes: badges.flatMap((badge, i) => {
          const person = randomUUID();
          const named = { name: `Badge Holder ${i}`, number: String(2000 + i), language: i % 2 ? 'de' : 'en' };
          return [
            { kind: 'person' as const, person, ...named, gpsOptOut: true },
            { kind: 'credentials' as const, person, cards: [], badges: [badge] },
          ];
        }),
      },
      () => ({}),
    );
    return badges;
  } finally {
    await kiosk.close();
  }
}

async function heapOf(cdp: CDPSession): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  return usedSize;
}

/** Returns the resident memory of the renderer processes that descend from this one, bytes. */
function rendererMemory(): number {
  let bytes = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (command.includes('--type=renderer') && isOurs(Number(pid))) bytes += processMemory(Number(pid)).resident;
    } catch {
      // The process ended before we read it.
    }
  }
  return bytes;
}

function isOurs(pid: number): boolean {
  for (let at = pid; at > 1; ) {
    if (at === process.pid) return true;
    at = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${at}/status`, 'utf8'))?.[1] ?? 0);
  }
  return false;
}

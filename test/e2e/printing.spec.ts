import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { decodeQR } from 'qr/decode.js';
import sharp from 'sharp';
import { type BrowserHost, startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import en from '../../renderer/kiosk/locales/en.json' with { type: 'json' };
import { type CageSession, noCageHere, openCage } from '../hosts/support/cage-session.ts';
import { temporaryFolder } from '../hosts/support/kiosk-page.ts';
import { type PlainPage, plainPage } from '../hosts/support/plain-page.ts';
import { kioskPolicy, noPolicyHere, policiedChromium, steerable } from '../hosts/support/policied-chromium.ts';
import { ensureBuilt } from '../kit/ensure-built.ts';
import { reservePorts } from '../services/ports.ts';
import { noPrinterHere, type PrintService, startPrintService, textOf } from '../services/printer.ts';
import { aCheckin, aPerson } from '../store/samples.ts';
import { makeKiosk, STAFF_PIN, type TestKiosk } from './kiosk-page.ts';

/*
 * Real printing: the kiosk's host with the Chromium that it starts, core, screens and headers as on an installed machine, under
 * its policy, and a real CUPS whose printer makes PDF files. Headless Chromium prints nothing, so the browser runs in a session
 * and is operated there by keys.
 */

const impossible = noCageHere() ?? noPolicyHere() ?? noPrinterHere();
test.skip(impossible !== null, impossible ?? '');
test.describe.configure({ mode: 'serial', timeout: 900_000 });

const NAMES = ['Ada Lovelace', 'José Müller-Lüdenscheidt', "Niamh O'Brien", 'Ayşe Yılmaz'];
/** Chromium renders in software here, and the machine may be busy. */
const PATIENCE = { timeout: 240_000 };
const { printing: labels } = en;
let printers: PrintService;
let kiosk: TestKiosk;
let host: BrowserHost;
let session: CageSession;
let page: PlainPage;
let folder: ReturnType<typeof temporaryFolder>;
const before = { ...process.env };

test.beforeAll(async () => {
  test.setTimeout(900_000);
  await ensureBuilt(() => undefined);
  folder = temporaryFolder('printing-');
  printers = await startPrintService();
  session = await openCage();
  kiosk = await makeKiosk('printing');
  await kiosk.withStore(async ({ store }) => {
    for (const [n, name] of NAMES.entries()) {
      const { id } = await store.people.add(aPerson({ name, number: `${1001 + n}` }));
      await store.checkins.record(aCheckin(id));
    }
  });
  const [port, debug] = (await reservePorts(2)) as [number, number];
  const policied = policiedChromium(
    folder.path,
    steerable(kioskPolicy(`http://127.0.0.1:${port}`, session.env.XDG_RUNTIME_DIR!)),
  );
  const program = join(folder.path, 'steered');
  writeFileSync(program, `#!/bin/sh\nexec '${policied}' --remote-debugging-port=${debug} "$@"\n`, { mode: 0o755 });
  // What a kiosk's session passes to its host.
  Object.assign(process.env, session.env, printers.env, { SMARTPRESENCE_CHROMIUM: program });
  host = await startBrowserHost({
    home: kiosk.home,
    demo: true,
    browser: { mode: 'kiosk' },
    port,
    log: () => undefined,
  });
  page = await plainPage(debug, host.url);
  // The session gives a window its keyboard some time after the window appears; keys pressed earlier are lost.
  await page.run(() => addEventListener('keydown', () => document.body.setAttribute('data-heard', ''), true), null);
  const heard = () => page.run(() => document.body.hasAttribute('data-heard'), null);
  await expect(async () => {
    session.press('Shift_L');
    expect(await heard()).toBe(true);
  }).toPass(PATIENCE);
});
test.afterAll(async () => {
  page?.close();
  await host?.close();
  await session?.close();
  await kiosk?.remove();
  await printers?.close();
  folder?.remove();
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
});

const textAt = (selector: string) =>
  page.run((of) => document.querySelector(of)?.textContent?.trim() ?? null, selector);
const said = () => expect.poll(() => textAt('.print-status'), PATIENCE);
const has = (selector: string, count = 1) =>
  expect.poll(() => page.run((of) => document.querySelectorAll(of).length, selector), PATIENCE).toBe(count);

/** Waits for the element, focuses it and presses Enter. */
async function press(selector: string, label = ''): Promise<void> {
  const focused = () =>
    page.run(
      ([of, text]) => {
        const found = [...document.querySelectorAll<HTMLElement>(of!)].find(
          (one) => (one.getAttribute('aria-label') ?? one.textContent)?.trim().startsWith(text!) === true,
        );
        found?.focus();
        return found !== undefined && document.activeElement === found;
      },
      [selector, label],
    );
  await expect.poll(focused, PATIENCE).toBe(true);
  session.press('Return');
}
const print = () => press('.staff button', labels.print);

async function unlock(): Promise<void> {
  await press('.foot-actions button', en.staff.open);
  await has('input[name=staff-pin]');
  await page.run(() => document.querySelector<HTMLInputElement>('input[name=staff-pin]')!.focus(), null);
  for (const digit of STAFF_PIN) session.press(digit);
  session.press('Return');
}

/** Leaves the staff area and enters it again. */
async function reopen(): Promise<void> {
  await press('.staff-lock');
  await unlock();
}

test('without a printer the screen says so, and what works instead', async () => {
  await unlock();
  await press('[data-open=evacuation]');
  await has('.evacuee', NAMES.length);
  await said().toBe(`${labels.none} ${en.evacuation.notPrintedAlone}`);
  const buttons = () => [...document.querySelectorAll('.staff button')].map((one) => one.textContent?.trim());
  expect(await page.run(buttons, null)).not.toContain(labels.print);
});

test('the muster list is printed with everyone inside, and without the browser’s headers', async () => {
  printers.setUp();
  await reopen();
  await press('[data-open=evacuation]');
  await print();
  await said().toBe(labels.printed);
  const text = textOf((await printers.printed(1))[0]!);
  // Word by word, since pdftotext misplaces what another font drew (hyphen, apostrophe).
  for (const word of NAMES.flatMap((name) => name.split(/[^\p{L}]+/u))) expect(text).toContain(word);
  // pdftotext loses some of the small digits. The date above them, in another font, decides which.
  for (const number of ['1001', '1002', '1003', '1004'])
    expect(['1', '2', '3', '4'].some((lost) => text.includes(number.replaceAll(lost, '')))).toBe(true);
  for (const other of ['127.0.0.1', labels.print, labels.sending, en.evacuation.begin, 'Deutsch', 'evaluation'])
    expect(text).not.toContain(other);
});

test('the screen says what keeps the printer from printing, and the page is printed once it can be', async () => {
  printers.stop('paused');
  await print();
  await said().toBe(`${labels.trouble['printer-stopped']} ${labels.goesOn}`);
  expect(printers.papers()).toHaveLength(1);
  printers.resume();
  await said().toBe(labels.printed);
  expect(await printers.printed(2)).toHaveLength(2);
});

test('the browser’s own shortcut prints nothing', async () => {
  session.press('ctrl+p');
  session.press('ctrl+shift+p');
  // Queued behind them: anything that a shortcut had printed would have come out first.
  await print();
  await said().toBe(labels.sending);
  await said().toBe(labels.printed);
  expect(await printers.printed(3)).toHaveLength(3);
});

test('only the card is printed, as large as a bank card, and its code can be read from the paper', async () => {
  await reopen();
  await press('[data-open=people]');
  await has('input[name=query]');
  await page.run(() => document.querySelector<HTMLInputElement>('input[name=query]')!.focus(), null);
  for (const letter of 'ada') session.press(letter);
  await press('.person button', `${en.people.card}: Ada Lovelace`);
  await press('.confirm button', en.card.issue);
  await has('.printed');
  await print();
  await said().toBe(labels.printed);
  const paper = (await printers.printed(4))[3]!;
  const text = textOf(paper);
  expect(text).toContain('Ada');
  expect(text).toContain('1001');
  for (const other of [en.card.title, en.card.done, labels.print, 'Niamh', '127.0.0.1'])
    expect(text).not.toContain(other);
  const { code, width, height } = await inkOf(paper);
  expect(code).toMatch(/^SPC1:[0-9A-Z]{20,}$/);
  // 85.6 × 53.98 mm, minus the white at its edges and around the code.
  expect(width).toBeGreaterThan(70);
  expect(width).toBeLessThan(86);
  expect(height).toBeGreaterThan(28);
  expect(height).toBeLessThan(54.5);
});

/** Returns the QR code of a printout, read from its pixels, and the size of the printed area, mm. */
async function inkOf(pdf: string): Promise<{ code: string; width: number; height: number }> {
  const dpi = 200;
  const png = execFileSync('/usr/bin/pdftoppm', ['-r', `${dpi}`, '-png', '-singlefile', pdf], { maxBuffer: 1 << 26 });
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const code = decodeQR({ data, width: info.width, height: info.height });
  const ink = await sharp(png).trim({ background: '#ffffff', threshold: 60 }).toBuffer({ resolveWithObject: true });
  const mm = (pixels: number): number => (pixels / dpi) * 25.4;
  return { code, width: mm(ink.info.width), height: mm(ink.info.height) };
}

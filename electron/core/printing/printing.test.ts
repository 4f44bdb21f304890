import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodeIpp, encodeIpp, GROUP, type IppAttributes } from './ipp.ts';
import { jobAfter, newestJob, troubleOf } from './rules.ts';
import { createPrinting, cupsSocket } from './service.ts';

/* Parsing what a print service reports; the real one: test/e2e/printing.spec.ts. */

const printer = (state: number, ...reasons: string[]): IppAttributes =>
  new Map<string, (string | number | boolean)[]>([
    ['printer-state', [state]],
    ['printer-state-reasons', reasons],
    ['printer-is-accepting-jobs', [true]],
  ]);
const job = (id: number, state: number): IppAttributes =>
  new Map([
    ['job-id', [id]],
    ['job-state', [state]],
  ]);

test.each([
  [3, ['none'], null],
  [4, ['cups-waiting-for-job-completed'], null],
  [3, ['toner-low-warning', 'media-low-report'], null],
  [5, ['media-jam-error', 'media-empty-error'], 'paper-jam'],
  [4, ['media-needed'], 'paper-empty'],
  [3, ['marker-supply-empty-error'], 'ink-empty'],
  [4, ['cover-open'], 'cover-open'],
  [4, ['connecting-to-device'], 'printer-offline'],
  [3, ['offline-report'], 'printer-offline'],
  [4, ['fuser-over-temp-error'], 'printer-fault'],
  [5, ['paused'], 'printer-stopped'],
  [5, ['none'], 'printer-stopped'],
] as const)('a printer in state %i for %j', (state, reasons, trouble) => {
  expect(troubleOf(printer(state, ...reasons))).toBe(trouble);
});

test('a printer that accepts no jobs is stopped', () => {
  expect(
    troubleOf(
      new Map<string, (number | boolean)[]>([
        ['printer-state', [3]],
        ['printer-is-accepting-jobs', [false]],
      ]),
    ),
  ).toBe('printer-stopped');
});

test('the outcome of a page is that of the first job after it was sent', () => {
  const jobs = [job(9, 9), job(7, 8), job(8, 5)];
  expect([6, 7, 8, 9].map((after) => jobAfter(jobs, after))).toEqual(['failed', 'waiting', 'printed', 'none']);
  expect(jobAfter([job(1, 7)], 0)).toBe('failed');
  expect([newestJob(jobs), newestJob([])]).toEqual([9, 0]);
});

test('a message is read as it was written, with further values of an attribute, and not beyond its end', () => {
  const message = encodeIpp(0x0200, [
    ['keyword', 'requested-attributes', 'job-id', 'job-state'],
    ['integer', 'job-id', -2],
  ]);
  const { groups, status } = decodeIpp(message);
  expect([status, groups.map(({ tag }) => tag)]).toEqual([0x0200, [GROUP.operation]]);
  expect(Object.fromEntries(groups[0]!.attributes)).toMatchObject({
    'requested-attributes': ['job-id', 'job-state'],
    'job-id': [-2],
  });
  for (let length = 0; length < message.length; length++)
    expect(() => decodeIpp(message.subarray(0, length))).toThrow(RangeError);
});

test('the print service is found as CUPS clients find it, and never on Windows', () => {
  expect(cupsSocket({}, 'linux')).toBe('/run/cups/cups.sock');
  expect(cupsSocket({ CUPS_SERVER: '/somewhere/cups.sock' }, 'linux')).toBe('/somewhere/cups.sock');
  // A print service on another machine has no socket here.
  expect(cupsSocket({ CUPS_SERVER: 'printers.example.org' }, 'linux')).toBe('/run/cups/cups.sock');
  expect(cupsSocket({}, 'win32')).toBeNull();
});

const staff = { require: () => ({ member: null, actor: null }) };

test('a system that can’t report its printers answers unknown; without a print service there is no printer', async () => {
  const ask = (socket: string | null) =>
    createPrinting({ staff, socket, log: () => undefined }).printing({ token: 't', after: 3 });
  expect(await ask(null)).toEqual({ printer: 'unknown', trouble: null, newest: 0, job: null });
  expect(await ask('/nonexistent/cups.sock')).toEqual({ printer: 'none', trouble: null, newest: 0, job: null });
});

test.each([
  ['an answer that is no message', (send: (body: Buffer) => void) => send(Buffer.from('<html>'))],
  ['an answer that is too large', (send: (body: Buffer) => void) => send(Buffer.alloc(2 << 20, 0x44))],
])('%s is no printer, and is logged', async (_what, answer) => {
  const folder = mkdtempSync(join(tmpdir(), 'sp-cups-'));
  const socket = join(folder, 'cups.sock');
  const server = createServer((_request, response) => answer((body) => void response.end(body)));
  await new Promise<void>((done) => server.listen(socket, done));
  const said: string[] = [];
  const printing = createPrinting({ staff, socket, log: (level, message) => void said.push(`${level} ${message}`) });
  expect((await printing.printing({ token: 't', after: null })).printer).toBe('none');
  expect(said).toEqual(['warn printing: CUPS does not answer']);
  await new Promise((done) => server.close(done));
  rmSync(folder, { recursive: true });
});

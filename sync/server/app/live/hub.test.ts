import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Board, CLOSE } from '../../../protocol/api/live.ts';
import { LiveHub, MAX_BUFFERED_BYTES, MAX_READERS } from './hub.ts';

const LOG = '55555555-5555-4555-8555-555555555555';
const silent = pino({ level: 'silent' });

class FakeSocket {
  bufferedAmount = 0;
  readonly sent: Board[] = [];
  readonly closed: number[] = [];
  terminated = false;
  pings = 0;
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close(code: number) {
    this.closed.push(code);
  }
  terminate() {
    this.terminated = true;
  }
  ping() {
    this.pings += 1;
  }
}

let position: number;
let reads: { log?: string | undefined; after?: number | undefined }[];
let alive: boolean;
/** Rows at or above the position, as while a transaction from before them is still open. */
let above: { id: string; change: number; name?: string; person?: string }[];
let hub: LiveHub;
const settle = () => vi.advanceTimersByTimeAsync(100);
let shown: { to: (string | null)[]; people: readonly string[] }[];
const actor = { role: 'admin', id: 'a', email: null, ip: null, userAgent: null } as const;
const add = (socket: FakeSocket, since = {}) =>
  hub.add(socket as never, { session: 'session', actor, role: 'admin' }, since);

beforeEach(() => {
  vi.useFakeTimers();
  [position, reads, alive, above, shown] = [1, [], true, [], []];
  hub = new LiveHub({
    read: async (since) => {
      reads.push({ ...since });
      const rows = [{ id: `row ${position}`, change: position - 1 }, ...above];
      return { log: LOG, position, whole: since.after === undefined, rows, devices: [] } as unknown as Board;
    },
    alive: async (sessions) => new Set(alive ? sessions : []),
    shown: async (to, people) => void shown.push({ to: to.map((a) => a.id), people }),
    log: silent,
  });
});
afterEach(async () => {
  await hub.close();
  vi.useRealTimers();
});

describe('the live hub', () => {
  test('resumes a reader at its position, then sends it later changes in one message', async () => {
    const socket = new FakeSocket();
    add(socket, { log: LOG, after: 1 });
    await settle();
    for (position = 2; position < 7; position++) hub.changed();
    await settle();
    expect(reads).toEqual([
      { log: LOG, after: 1 },
      { log: LOG, after: 1 },
    ]);
    expect(socket.sent).toHaveLength(2);
    hub.changed();
    await settle();
    expect(reads.at(-1)).toEqual({ log: LOG, after: 7 });
  });

  test('queries the database once for readers at the same position', async () => {
    const sockets = [new FakeSocket(), new FakeSocket(), new FakeSocket()];
    for (const s of sockets) add(s);
    await settle();
    reads = [];
    hub.changed();
    await settle();
    expect(reads).toHaveLength(1);
    expect(sockets.map((s) => s.sent.length)).toEqual([2, 2, 2]);
  });

  test('disconnects a slow reader instead of buffering for it, and keeps serving the others', async () => {
    const [slow, quick] = [new FakeSocket(), new FakeSocket()];
    add(slow);
    add(quick);
    await settle();
    slow.bufferedAmount = MAX_BUFFERED_BYTES + 1;
    for (let i = 0; i < 3; i++) {
      hub.changed();
      await settle();
    }
    expect(slow.sent).toHaveLength(1);
    expect(slow.closed).toEqual([CLOSE.tooSlow]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(slow.terminated).toBe(true);
    expect(quick.sent).toHaveLength(4);
  });

  test('sends nothing without changes, and repeats no row that a reader has in this form', async () => {
    const socket = new FakeSocket();
    add(socket);
    await settle();
    above = [{ id: 'early', change: 1, name: 'Ada' }];
    position = 1;
    for (let i = 0; i < 3; i++) {
      hub.changed();
      await settle();
    }
    const early = (board: Board) => board.rows.filter((r) => r.id === 'early').length;
    expect(socket.sent.map(early)).toEqual([0, 1, 0, 0]);
    above = [{ id: 'early', change: 1, name: 'Ada King' }];
    hub.changed();
    await settle();
    expect(socket.sent.map(early)).toEqual([0, 1, 0, 0, 1]);
  });

  test('rejects further screens when there are too many', async () => {
    const sockets = Array.from({ length: MAX_READERS + 2 }, () => new FakeSocket());
    for (const s of sockets) add(s);
    expect(sockets.filter((s) => s.closed.includes(CLOSE.tooMany))).toHaveLength(2);
  });

  test('disconnects a reader whose session has ended or that does not answer', async () => {
    const [mute, answering] = [new FakeSocket(), new FakeSocket()];
    add(mute);
    const { answered } = add(answering);
    await vi.advanceTimersByTimeAsync(20_100);
    answered();
    await vi.advanceTimersByTimeAsync(20_100);
    expect(mute.terminated).toBe(true);
    expect(answering.terminated).toBe(false);
    answered();
    alive = false;
    await vi.advanceTimersByTimeAsync(20_100);
    expect(answering.closed).toEqual([CLOSE.sessionEnded]);
  });

  test('sends nothing more once the session has ended, and closes the connection at the next change', async () => {
    const socket = new FakeSocket();
    add(socket);
    await settle();
    alive = false;
    position = 2;
    hub.changed();
    await settle();
    expect([socket.sent.length, socket.closed]).toEqual([1, [CLOSE.sessionEnded]]);
  });

  test('records the people it shows before sending, once per browser, and sends nothing if it can’t', async () => {
    const sockets = [new FakeSocket(), new FakeSocket()];
    above = [{ id: 'early', change: 1, person: 'p1' }];
    for (const s of sockets) add(s);
    await settle();
    const [first] = shown;
    expect(first).toEqual({ to: ['a'], people: ['p1'] });
    const before = sockets[0]!.sent.length;
    above = [{ id: 'early', change: 1, person: 'p1', name: 'Ada' }];
    const failing = vi.spyOn(shown, 'push').mockImplementation(() => {
      throw new Error('no audit');
    });
    hub.changed();
    await settle();
    expect(sockets[0]!.sent).toHaveLength(before);
    failing.mockRestore();
    hub.changed();
    await settle();
    expect(sockets[0]!.sent).toHaveLength(before + 1);
  });
});

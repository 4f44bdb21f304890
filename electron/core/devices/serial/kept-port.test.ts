import { expect, onTestFinished, test, vi } from 'vitest';
import { Reader } from '../config.ts';
import { keepPort } from './kept-port.ts';
import type { PortEvents, SerialPorts } from './port.ts';

/** A device whose driver never reports that it is gone, as when a cable is unplugged and replugged within a moment. */
function deafDriver() {
  const at: { identity: string | null; polls: number } = { identity: 'first', polls: 0 };
  const opened: { identity: string | null; events: PortEvents; closed: boolean }[] = [];
  const ports: SerialPorts = {
    list: async () => [],
    async identity() {
      at.polls++;
      return at.identity;
    },
    async open(_path, _line, events) {
      const mine = { identity: at.identity, events, closed: false };
      opened.push(mine);
      return {
        write: async () => undefined,
        lines: async () => undefined,
        async close() {
          mine.closed = true;
        },
      };
    },
  };
  return { at, opened, ports };
}

function keep(ports: SerialPorts, gone: () => void, onOpen: () => Promise<void> = async () => undefined) {
  const heard: string[] = [];
  const kept = keepPort({
    ports,
    name: 'gate',
    line: Reader.parse({ name: 'gate', port: '/dev/reader' }),
    monotonic: () => performance.now(),
    log: () => undefined,
    pollMs: 5,
    onData: (bytes) => heard.push(Buffer.from(bytes).toString()),
    onDisconnect: gone,
    onOpen,
    onState: () => undefined,
  });
  onTestFinished(() => kept.stop());
  return { kept, heard };
}

test('a device replugged between two polls is reopened, although its driver reports nothing', async () => {
  const { at, opened, ports } = deafDriver();
  const gone = vi.fn();
  const { kept, heard } = keep(ports, gone);
  await vi.waitFor(() => expect(kept.state).toBe('ok'), 60_000);
  at.identity = 'second';
  await vi.waitFor(() => expect(opened).toHaveLength(2), 60_000);
  await vi.waitFor(() => expect(kept.state).toBe('ok'), 60_000);
  expect(opened.map((o) => [o.identity, o.closed])).toEqual([
    ['first', true],
    ['second', false],
  ]);
  expect(gone).toHaveBeenCalledTimes(1); // what was half read is discarded
  opened[0]!.events.onData(Buffer.from('late'));
  opened[1]!.events.onData(Buffer.from('card'));
  expect(heard).toEqual(['card']);
});

test('a device that stays connected is left alone', async () => {
  const { at, opened, ports } = deafDriver();
  const { kept } = keep(ports, () => undefined);
  await vi.waitFor(() => expect(kept.state).toBe('ok'), 60_000);
  const before = at.polls;
  await vi.waitFor(() => expect(at.polls).toBeGreaterThan(before + 5), 60_000);
  expect(opened).toHaveLength(1);
});

test.each(['reopened', 'stopped'] as const)(
  'a port that is %s while it is being prepared is closed: otherwise it would be locked for ever',
  async (how) => {
    const { opened, ports } = deafDriver();
    const ready = Promise.withResolvers<void>();
    const { kept } = keep(
      ports,
      () => undefined,
      () => (opened.length === 1 ? ready.promise : Promise.resolve()),
    );
    await vi.waitFor(() => expect(opened).toHaveLength(1), 60_000);
    const stopped = how === 'reopened' ? kept.reopen('the pulse did not end') : kept.stop();
    ready.resolve();
    await stopped;
    await vi.waitFor(() => expect(opened[0]!.closed).toBe(true), 5_000);
    if (how === 'reopened') await vi.waitFor(() => expect(kept.state).toBe('ok'), 60_000);
    expect(opened.map(({ closed }) => closed)).toEqual(how === 'reopened' ? [true, false] : [true]);
  },
);

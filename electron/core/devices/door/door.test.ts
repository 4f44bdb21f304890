import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Door } from '../config.ts';
import type { PortEvents, SerialPorts } from '../serial/port.ts';
import { createDoorRelay } from './relay.ts';
import { opensDoor } from './rule.ts';

const config = (rest: object = {}) =>
  Door.parse({ port: '/dev/relay', protocol: { kind: 'line', line: 'rts' }, mode: 'fail-secure', ...rest });

/** A board whose relay is switched by the port's own lines, which no pty has. It can be made to ignore commands. */
function board() {
  const state = { rts: false, dtr: false, deaf: false, opened: 0, there: true };
  let events: PortEvents | null = null;
  const ports: SerialPorts = {
    list: async () => [],
    identity: async () => (state.there ? 'the board' : null),
    async open(_path, _line, given, rest) {
      events = given;
      state.opened++;
      Object.assign(state, rest);
      return {
        write: async () => undefined,
        async lines(next) {
          if (state.deaf) return new Promise(() => undefined); // a driver that hangs
          Object.assign(state, next);
        },
        close: async () => undefined,
      };
    },
  };
  return { state, ports, pull: () => events?.onDisconnect(null) };
}

describe('whether a check-in method opens the door', () => {
  const face = { method: 'face', liveness: 'passed', direction: 'in' } as const;
  const off = { ...face, liveness: 'off' } as const;
  const byNumber = { ...face, method: 'number+face' } as const;
  it.each([
    ['a face alone', face, {}, false],
    ['a face alone, where a challenge is enough', face, { faceAlone: 'with-liveness' }, true],
    ['a face alone without its challenge, where one is required', off, { faceAlone: 'with-liveness' }, false],
    ['a face alone, where the site always allows it', off, { faceAlone: 'always' }, true],
    ['a number and a face: the number is no secret', { ...byNumber, liveness: 'off' } as const, {}, false],
    ['a number and a face with a passed challenge, where a challenge is not enough', byNumber, {}, false],
    ['a number and a face, where a challenge is enough', byNumber, { faceAlone: 'with-liveness' }, true],
    [
      'a number and a face without the challenge that is required',
      { ...byNumber, liveness: 'off' } as const,
      { faceAlone: 'with-liveness' },
      false,
    ],
    [
      'a number and a face, where the site always allows a face alone',
      { ...byNumber, liveness: 'off' } as const,
      { faceAlone: 'always' },
      true,
    ],
    [
      'a number and a face, where openFor names them',
      { ...byNumber, liveness: 'off' } as const,
      { openFor: ['number+face'] },
      true,
    ],
    ['a badge and a face', { ...face, method: 'badge+face' } as const, {}, true],
    ['a PIN', { ...face, method: 'number+pin' } as const, {}, true],
    [
      'a PIN, where openFor does not name it',
      { ...face, method: 'number+pin' } as const,
      { openFor: ['badge'] },
      false,
    ],
    [
      'on the way out, where the door has no lock from inside',
      { ...face, direction: 'out', method: 'badge' } as const,
      { directions: ['in'] },
      false,
    ],
  ])('%s', (_, admission, rest, opens) => {
    expect(opensDoor(admission, config(rest))).toBe(opens);
  });

  it('never lists the face among the methods: it has its own setting', () => {
    expect(Door.safeParse({ ...config(), openFor: ['face'] }).success).toBe(false);
  });
});

describe('the relay on a line of the port', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  async function rig(rest: object = {}) {
    const hardware = board();
    const began = Date.now();
    const relay = createDoorRelay({
      config: config(rest),
      ports: hardware.ports,
      monotonic: () => Date.now() - began,
      log: () => undefined,
      onState: () => undefined,
    });
    await vi.advanceTimersByTimeAsync(10);
    return { ...hardware, relay };
  }

  it.each([
    ['fail-secure', {}, false, true],
    ['fail-secure, inverted', { protocol: { kind: 'line', line: 'rts', inverted: true } }, true, false],
    ['fail-safe', { mode: 'fail-safe' }, true, false],
  ])('%s: rests, opens for its time, rests again', async (_, rest, resting, open) => {
    const { relay, state } = await rig({ pulseSeconds: 2, ...rest });
    expect(state.rts).toBe(resting);
    await relay.pulse();
    expect(state.rts).toBe(open);
    await vi.advanceTimersByTimeAsync(1_900);
    expect(state.rts).toBe(open);
    await vi.advanceTimersByTimeAsync(200);
    expect(state.rts).toBe(resting);
    await relay.stop();
  });

  it('that ignores the command to lock gets it again over a new connection, and the screen is notified meanwhile', async () => {
    const { relay, state } = await rig({ pulseSeconds: 1 });
    await relay.pulse();
    state.deaf = true;
    await vi.advanceTimersByTimeAsync(2_500);
    expect(relay.state()).toBe('held');
    expect(state.opened).toBeGreaterThan(1);
    state.deaf = false;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(relay.state()).toBe('ok');
    expect(state.rts).toBe(false);
    await relay.stop();
  });

  it('is locked by the watchdog if the pulse’s own timer was lost', async () => {
    const { relay, state } = await rig({ pulseSeconds: 1 });
    const lost = vi.spyOn(globalThis, 'setTimeout').mockReturnValue(0 as unknown as NodeJS.Timeout);
    await relay.pulse();
    lost.mockRestore();
    expect(state.rts).toBe(true);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(state.rts).toBe(false);
    await relay.stop();
  });

  it('reports when it is missing', async () => {
    const { relay, state, pull } = await rig();
    state.there = false;
    pull();
    await vi.advanceTimersByTimeAsync(10);
    await expect(relay.pulse()).rejects.toMatchObject({ code: 'door-absent' });
    await relay.stop();
  });
});

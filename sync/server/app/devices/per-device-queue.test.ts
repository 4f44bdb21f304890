import { EventEmitter } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { expect, onTestFinished, test, vi } from 'vitest';
import { PerDeviceQueue } from './per-device-queue.ts';
import { UnauthenticatedConnections } from './unauthenticated-connections.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a device has two places, one of them running; failed work and released places free them again', async () => {
  const queue = new PerDeviceQueue();
  const [first, second] = [queue.reserve('a')!, queue.reserve('a')!];
  expect(queue.reserve('a')).toBeNull();
  expect(queue.reserve('b')).not.toBeNull();
  let fail: (e: Error) => void = () => undefined;
  let began = false;
  const work = first.run(() => new Promise((_, reject) => (fail = reject)));
  const next = second.run(async () => {
    began = true;
  });
  // The end of a connection doesn't stop running work.
  first.release();
  await turn();
  expect([began, queue.reserve('a')]).toEqual([false, null]);
  fail(new Error('refused'));
  await expect(work).rejects.toThrow('refused');
  await next;
  const idle = [queue.reserve('a')!, queue.reserve('a')!];
  expect(queue.reserve('a')).toBeNull();
  for (const place of idle) for (let i = 0; i < 2; i++) place.release();
  await expect(idle[0]!.run(async () => undefined)).rejects.toMatchObject({ code: 'too-many-requests' });
  expect([queue.reserve('a'), queue.reserve('a'), queue.reserve('a')].map((p) => p !== null)).toEqual([
    true,
    true,
    false,
  ]);
});

class Peer extends EventEmitter {
  destroyed = false;
  readonly remoteAddress: string;
  constructor(address: string) {
    super();
    this.remoteAddress = address;
  }
  destroy() {
    this.destroyed = true;
    this.emit('close');
  }
}
const socket = (peer: Peer) => peer as unknown as TLSSocket;

test('limits peers without a certificate per address, and disconnects them soon unless they join', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const unauthenticated = new UnauthenticatedConnections({ perAddress: 2 });
  const peers = [new Peer('a'), new Peer('a'), new Peer('a'), new Peer('b'), new Peer('a')];
  for (const [i, peer] of peers.entries()) unauthenticated.connected(socket(peer), i === 4);
  expect(peers.map((p) => p.destroyed)).toEqual([false, false, true, false, false]);
  unauthenticated.joining(socket(peers[1]!));
  vi.advanceTimersByTime(9_999);
  expect(peers.map((p) => p.destroyed)).toEqual([false, false, true, false, false]);
  vi.advanceTimersByTime(1);
  expect(peers.map((p) => p.destroyed)).toEqual([true, false, true, true, false]);
  const later = new Peer('a');
  unauthenticated.connected(socket(later), false);
  expect(later.destroyed).toBe(false);
});

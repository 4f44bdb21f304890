import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mayReach, pauseAfter, restAfter, sign } from './rules.ts';

test('pauses grow, and a message is given up after about three days', () => {
  const pauses: number[] = [];
  for (let tries = 1; ; tries++) {
    const pause = pauseAfter(tries, 0.5);
    if (pause === null) break;
    pauses.push(pause);
  }
  expect(pauses.toSorted((a, b) => a - b)).toEqual(pauses);
  expect(pauses.reduce((a, b) => a + b) / 86_400_000).toBeCloseTo(2.86, 1);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.double({ min: 0, max: 1, noNaN: true }), (tries, random) => {
      const around = pauseAfter(tries, 0.5)!;
      expect(Math.abs(pauseAfter(tries, random)! - around)).toBeLessThanOrEqual(around / 10 + 1);
      expect(restAfter(tries)).toBeLessThanOrEqual(3_600_000);
    }),
  );
});

test('a message is signed as in the test vector of Standard Webhooks', () => {
  const secret = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
  const signed = sign([secret], 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}');
  expect(signed).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  expect(sign([secret, Buffer.alloc(32)], 'a', 1, 'b').split(' ')).toHaveLength(2);
});

test('messages can go to private networks, but not to this machine, link-local or multicast addresses', () => {
  const own = ['192.0.2.7', '2001:db8::7'];
  const closed = { own, loopback: false };
  for (const address of [
    '127.0.0.1',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    ...own,
    '::ffff:192.0.2.7',
    '0.0.0.0',
    '::',
    '169.254.169.254',
    '::ffff:a9fe:a9fe',
    'fd00:ec2::254',
    'fe80::1',
    '224.0.0.1',
    'ff02::1',
    'nonsense',
  ])
    expect(mayReach(address, closed), address).toBe(false);
  for (const address of ['10.0.0.5', '192.168.1.2', '172.16.0.1', '93.184.216.34', '2001:db8::1', 'fd00::1'])
    expect(mayReach(address, closed), address).toBe(true);
  for (const address of ['127.0.0.1', '::1', ...own])
    expect(mayReach(address, { own, loopback: true }), address).toBe(true);
  expect(mayReach('169.254.169.254', { own, loopback: true })).toBe(false);
});

test('IPv6 addresses that embed an IPv4 address are rejected: NAT64, 6to4, Teredo, IPv4-compatible', () => {
  for (const address of [
    '64:ff9b::7f00:1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::a9fe:a9fe',
    '2002:7f00:1::1',
    '2001:0:7f00:1::1',
    '::7f00:1',
    '::169.254.169.254',
  ])
    expect(mayReach(address, { own: [], loopback: true }), address).toBe(false);
});

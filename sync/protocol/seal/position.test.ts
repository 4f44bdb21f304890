import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDeviceIdentity } from '../../edge/identity.ts';
import { keyId, publicHalf } from './keys.ts';
import { openPosition, type Position, sealPosition } from './position.ts';

// Any X25519 key pair works; here a device's is used for the server.
const { sealing: mine } = await createDeviceIdentity(randomUUID());
const { sealing: theirs } = await createDeviceIdentity(randomUUID());
const of = { device: randomUUID(), person: randomUUID() };
const lookup = async (kid: string) => (kid === (await keyId(publicHalf(mine))) ? mine : null);
const codeOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'opened',
    (error: { code?: string }) => error.code,
  );

const position = fc.record({
  latitude: fc.double({ min: -90, max: 90, noNaN: true }),
  longitude: fc.double({ min: -180, max: 180, noNaN: true }),
  accuracy: fc.double({ min: 0, max: 1e4, noNaN: true }),
  at: fc.constant('2026-07-20T08:00:00.000Z'),
});

test('a sealed position opens only for the server, always has the same length, and contains no digit of the position', async () => {
  const lengths = new Set<number>();
  await fc.assert(
    fc.asyncProperty(position, async (where) => {
      const sealed = await sealPosition(where as Position, of, publicHalf(mine));
      lengths.add(sealed.length);
      const inside = sealed.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
      const digits = String(where.latitude).slice(0, 6);
      if (digits.length === 6) expect(inside.join(' ')).not.toContain(digits);
      const opened = await openPosition(sealed, of, lookup);
      expect(JSON.stringify(opened)).toBe(JSON.stringify(where));
    }),
    { numRuns: 100 },
  );
  expect(lengths.size).toBe(1);
});

test('a sealed position opens for no other person, kiosk or key, and not after any part was changed', async () => {
  const sealed = await sealPosition({ latitude: 52.520008, longitude: 13.404954 }, of, publicHalf(mine));
  expect(await codeOf(openPosition(sealed, { ...of, person: randomUUID() }, lookup))).toBe('position-undecryptable');
  expect(await codeOf(openPosition(sealed, { ...of, device: randomUUID() }, lookup))).toBe('position-undecryptable');
  expect(await codeOf(openPosition(sealed, of, async () => theirs))).toBe('position-undecryptable');
  expect(await codeOf(openPosition(sealed, of, async () => null))).toBe('unknown-sealing-key');
  for (let at = 0; at < sealed.length; at += 7) {
    const other = sealed[at] === 'A' ? 'B' : 'A';
    const changed = sealed.slice(0, at) + other + sealed.slice(at + 1);
    expect(await codeOf(openPosition(changed, of, lookup))).toMatch(/^(position-|unknown-sealing-key)/);
  }
});

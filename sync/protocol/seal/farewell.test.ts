import { describe, expect, test } from 'vitest';
import { Problem } from '../../errors/problem.ts';
import type { Farewell, Logs } from '../wire/farewell.ts';
import { openFarewell, openLogs, sealLogs, signFarewell } from './farewell.ts';
import { keyId, newSealingKey, newSigningKey, publicHalf } from './keys.ts';

const SERVER = '11111111-1111-4111-8111-111111111111';
const DEVICE = '22222222-2222-4222-8222-222222222222';
const COMMAND = '33333333-3333-4333-8333-333333333333';
const [device, stranger, lastKey, sealing] = [newSigningKey(), newSigningKey(), newSigningKey(), newSealingKey()];
const from = { device: DEVICE, serverId: SERVER };
const codeOf = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => 'TAKEN',
    (error: unknown) => (error instanceof Problem ? error.code : error),
  );

describe('a log', () => {
  const logs: Logs = { command: COMMAND, gz: Buffer.from('lines').toString('base64') };
  const seal = (signing = device) => sealLogs(logs, { ...from, signing, server: publicHalf(sealing) });
  const open = (sealed: string, claimed = DEVICE) =>
    openLogs(
      sealed,
      {
        sealing: async (kid) => (kid === (await keyId(publicHalf(sealing))) ? sealing : null),
        device: async () => publicHalf(device),
      },
      { serverId: SERVER, device: claimed },
    );

  test('opens unchanged, and its text appears nowhere in the sealed message', async () => {
    const sealed = await seal();
    expect(await open(sealed)).toEqual(logs);
    expect(sealed).not.toContain(logs.gz);
    expect(sealed).not.toContain(COMMAND);
  });

  test('signed by another key, or sent by another device, is rejected', async () => {
    expect(await codeOf(open(await seal(stranger)))).toBe('bad-signature');
    expect(await codeOf(open(await seal(), COMMAND))).toBe('wrong-issuer');
  });
});

describe('a farewell', () => {
  const farewell: Farewell = { command: COMMAND, what: 'wipe', key: null };
  const open = (signed: string) =>
    openFarewell(signed, SERVER, async (_, claimed) => claimed.key ?? publicHalf(device));

  test('is accepted with the device’s own key, or with the one that it names', async () => {
    expect(await open(await signFarewell(farewell, from, device))).toEqual({ device: DEVICE, farewell });
    const named = { ...farewell, key: publicHalf(lastKey) };
    expect(await open(await signFarewell(named, from, lastKey))).toEqual({ device: DEVICE, farewell: named });
  });

  test('signed by another key, or for another server, is rejected', async () => {
    expect(await codeOf(open(await signFarewell(farewell, from, stranger)))).toBe('bad-signature');
    const elsewhere = { ...from, serverId: COMMAND };
    expect(await codeOf(open(await signFarewell(farewell, elsewhere, device)))).toBe('wrong-audience');
  });
});

import { expect, test } from 'vitest';
import { createDeviceIdentity, deviceFingerprint, deviceRequest } from './identity.ts';

const DEVICE = '55555555-5555-4555-8555-555555555555';

test('a device’s fingerprint is the same for every request, and differs between devices', async () => {
  const [a, b] = [await createDeviceIdentity(DEVICE), await createDeviceIdentity(DEVICE)];
  const print = async (s: typeof a) => deviceFingerprint(await deviceRequest(s, 'Door'));
  expect(await print(a)).toMatch(/^([0-9a-f]{4} ){3}[0-9a-f]{4}$/);
  expect(await print(a)).toBe(await print(a));
  expect(await print(a)).not.toBe(await print(b));
  expect(JSON.stringify(await deviceRequest(a, 'Door'))).not.toContain(a.signing.d);
});

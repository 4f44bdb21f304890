import { expect, test } from 'vitest';
import { z } from 'zod';
import { Devices } from './config.ts';

test('a device with only a port gets the usual values', () => {
  const door = { port: '/dev/ttyUSB1', protocol: { kind: 'lcus' }, mode: 'fail-secure' };
  const parsed = Devices.parse({ readers: [{ name: 'gate', port: '/dev/ttyUSB0' }], door });
  expect(parsed.readers[0]).toMatchObject({ baud: 9600, framing: { kind: 'delimiter', delimiter: '\r\n' } });
  expect(parsed.door).toMatchObject({ pulseSeconds: 3, faceAlone: 'never', protocol: { channel: 1 } });
});

test('every wrong value is reported at once, with its path', () => {
  const { error } = Devices.safeParse({
    readers: [{ name: '', port: 'a', baud: 7 }],
    gps: { port: { vendorId: '1a86', productId: 'xyz' }, staleSeconds: 0 },
    door: { port: 'b', protocol: { kind: 'bytes', on: 'A0', off: 'A' }, mode: 'fail-open', openFor: ['face'] },
  });
  const text = z.prettifyError(error!);
  for (const place of [
    'readers[0].name',
    'readers[0].baud',
    'gps.port',
    'gps.staleSeconds',
    'door.protocol.off',
    'door.mode',
    'door.openFor[0]',
  ])
    expect(text).toContain(place);
});

test('two devices with the same port or name are refused', () => {
  const { error } = Devices.safeParse({
    readers: [
      { name: 'gate', port: '/dev/ttyUSB0' },
      { name: 'gate', port: { vendorId: '1A86', productId: '7523' } },
    ],
    gps: { port: { vendorId: '1a86', productId: '7523' } },
    door: { port: '/dev/ttyUSB0', protocol: { kind: 'lcus' }, mode: 'fail-safe' },
  });
  expect(error!.issues.map(({ path }) => path.join('.'))).toEqual(['readers.1.name', 'gps.port', 'door.port']);
});

import { expect, onTestFinished, test } from 'vitest';
import { Gps, Reader } from './config.ts';
import { startDevices } from './devices.ts';

test('a reader that is refused immediately is reported together with a GPS receiver that is still being prepared', async () => {
  const devices = await startDevices({
    config: {
      readers: [Reader.parse({ name: 'gate', port: '/dev/gate' })],
      gps: Gps.parse({ port: '/dev/gps' }),
    },
    ports: {
      list: async () => [],
      identity: async (path) => path,
      open: () => Promise.reject(new Error('held by another program')),
    },
    store: { settings: { get: () => null }, events: { reportIfSpace: () => true } },
    monotonic: () => performance.now(),
    log: () => undefined,
    onBadge: () => undefined,
    onTime: () => undefined,
    onStatus: () => undefined,
  });
  onTestFinished(() => devices.stop());
  await expect
    .poll(async () => {
      const { readers, gps } = await devices.report();
      return [readers[0]?.state, gps?.state];
    })
    .toEqual(['refused', 'refused']);
});

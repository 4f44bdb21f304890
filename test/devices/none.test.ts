import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startCore } from '../../electron/core/core.ts';
import { systemPorts } from '../../electron/core/devices/serial/system-ports.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';

/** Whether the serial driver's native module is loaded in this process, according to Linux. */
const loaded = () => readFileSync('/proc/self/maps', 'utf8').includes('@serialport');

test.skipIf(process.platform !== 'linux')(
  'a kiosk without serial devices does not load their native module',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sp-no-devices-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const home = join(folder, 'kiosk');
    mkdirSync(join(folder, 'none'));
    ensureKioskFolder(home, false);
    await (await openKiosk({ home, deviceSecret: null, allowSecretFile: true })).close();
    const core = await startCore({
      home,
      deviceSecret: null,
      demo: false,
      weights: join(folder, 'none'),
      log: () => undefined,
    });
    await core.methods.status({});
    expect(loaded()).toBe(false);
    await core.close();
    await systemPorts.list().catch(() => undefined); // without udev it can list none
    expect(loaded()).toBe(true);
  },
);

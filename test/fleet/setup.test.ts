import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Setup } from '../../electron/contract/setup.ts';
import { pollJoining } from '../../electron/core/joining/joining.ts';
import { createSetup, type KioskSetup } from '../../electron/core/joining/setup.ts';
import { type OpenKiosk, openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { readSiteConfig } from '../../electron/core/site/config.ts';
import { readServerLink } from '../../electron/core/sync/server-link.ts';
import { approveDevice, createProvisioningCode, listDevices, revokeDevice } from '../../sync/protocol/api/devices.ts';
import { readJoinCode, writeJoinCode } from '../../sync/protocol/seal/join-code.ts';
import { newServer, type TestServer } from '../kit/server.ts';

/** The setup service against a real server: the outcome of every code, and that none needs manual intervention. */
let server: TestServer;
beforeAll(async () => {
  server = await newServer();
});
afterAll(() => server?.close());

interface New {
  readonly home: string;
  readonly kiosk: OpenKiosk;
  readonly setup: KioskSetup;
  readonly joined: { count: number };
  /** Called while the server's grant is being stored. */
  writing: () => Promise<unknown>;
  /** Switches the kiosk off and on again. */
  again(): Promise<New>;
}
const opened: New[] = [];
afterEach(async () => {
  server.shift(0);
  for (const { home, kiosk, setup } of opened.splice(0)) {
    setup.stop();
    await kiosk.close();
    rmSync(home, { recursive: true, force: true });
  }
});

async function newKiosk(wallOff = 0, home = mkdtempSync(join(tmpdir(), 'sp-setup-'))): Promise<New> {
  ensureKioskFolder(home, false);
  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  const joined = { count: 0 };
  const setup = createSetup({
    context: {
      ...kiosk,
      changed: () => undefined,
      async relink(change) {
        await self.writing();
        change();
      },
    },
    pins: await kiosk.pins(),
    checkPin: () => Promise.reject(new Error('not asked')),
    wall: () => Date.now() + wallOff,
    onState: () => undefined,
    joined: () => joined.count++,
    log: () => undefined,
  });
  const self: New = {
    home,
    kiosk,
    setup,
    joined,
    writing: async () => undefined,
    async again() {
      setup.stop();
      await kiosk.close();
      opened.splice(opened.indexOf(self), 1);
      return newKiosk(wallOff, home);
    },
  };
  opened.push(self);
  return self;
}

const code = async (name = 'Back door') => (await server.call(createProvisioningCode, { body: { name } })).code;
const join_ = (n: New, text: string) => n.setup.methods.setupJoin({ code: text, language: 'de' });
const until = <A extends Setup['at']>(n: New, at: A, also: (s: Extract<Setup, { at: A }>) => boolean = () => true) =>
  expect
    .poll(
      () => {
        const state = n.setup.state();
        return state?.at === at && also(state as Extract<Setup, { at: A }>);
      },
      { timeout: 60_000 },
    )
    .toBe(true);
const troubleOf = (n: New) => {
  const state = n.setup.state();
  return state && 'trouble' in state ? (state.trouble?.code ?? null) : null;
};
const approve = (n: New) => {
  const state = n.setup.state();
  if (state?.at !== 'approval') throw new Error('it does not wait for an approval');
  return server.call(approveDevice, {
    params: { device: n.kiosk.store.device },
    body: { fingerprint: state.fingerprint },
  });
};

describe('a code', { timeout: 120_000 }, () => {
  test('leads to a fingerprint, and its approval to a server, once', async () => {
    const n = await newKiosk();
    expect(n.setup.state()).toEqual({ at: 'code', trouble: null });
    await join_(n, await code());
    await until(n, 'approval');
    expect(readServerLink(n.kiosk.store)).toBeNull();
    await approve(n);
    await until(n, 'joined');
    expect(n.joined.count).toBe(1);
    expect(readServerLink(n.kiosk.store)?.bundle.serverUrl).toBe(server.deviceUrl);
    expect(readSiteConfig(n.home).defaultLanguage).toBe('de');
    const after = await n.again();
    expect(after.setup.state()).toBeNull();
    await expect(join_(after, 'X')).rejects.toMatchObject({ code: 'setup-over' });
  });

  test('that is unknown or damaged is reported at once', async () => {
    const n = await newKiosk();
    await join_(n, 'https://example.org/menu');
    expect(troubleOf(n)).toBe('join-code-mistyped');
    const { url, pin } = readJoinCode(await code());
    await join_(n, writeJoinCode({ url, pin, secret: Buffer.alloc(10, 1) }));
    await until(n, 'code', ({ trouble }) => trouble?.code === 'join-code-unknown');
  });

  test('that has expired is reported, and a new one works', async () => {
    const n = await newKiosk();
    const old = await code();
    server.shift(25 * 3_600_000);
    await join_(n, old);
    await until(n, 'code', ({ trouble }) => trouble?.code === 'join-code-expired');
    await join_(n, await code('Second try'));
    await until(n, 'approval');
  });

  test('of another server’s CA is refused before anything is sent', async () => {
    const n = await newKiosk();
    const { url, secret } = readJoinCode(await code());
    await join_(n, writeJoinCode({ url, secret, pin: Buffer.alloc(12, 5) }));
    await until(n, 'code', ({ trouble }) => trouble?.code === 'server-pin-differs');
    const devices = (await server.call(listDevices)).items;
    expect(JSON.stringify(devices)).not.toContain(n.kiosk.store.device);
  });

  test('continues when the network is back, and after a restart', async () => {
    const n = await newKiosk();
    const text = await code();
    const again = await server.whileDown(async () => {
      await join_(n, text);
      await until(n, 'asking', ({ trouble }) => trouble?.code === 'server-unreachable');
      return n.again();
    });
    await until(again, 'approval');
    const shown = again.setup.state();
    // Switched off while waiting, for longer than a code is valid, it keeps the fingerprint that the administrator compares.
    server.shift(25 * 3_600_000);
    const third = await again.again();
    await until(third, 'approval');
    expect(third.setup.state()).toEqual(shown);
    await approve(third);
    await until(third, 'joined');
  });

  test('entered after a failed one takes effect: the kiosk becomes what the newer code says', async () => {
    const n = await newKiosk();
    await join_(n, await code('Wrong name'));
    await until(n, 'approval');
    await n.setup.methods.setupRetry({});
    await join_(n, await code('Right name'));
    await until(n, 'approval');
    await approve(n);
    await until(n, 'joined');
    const devices = (await server.call(listDevices)).items;
    expect(devices.find(({ id }) => id === n.kiosk.store.device)).toMatchObject({
      name: 'Right name',
      status: 'approved',
    });
  });

  test('cancelled while the server is asked leaves the grant there, and the kiosk can still fetch it', async () => {
    const n = await newKiosk();
    const text = await code();
    await join_(n, text);
    await until(n, 'approval');
    await approve(n);
    await n.setup.methods.setupRetry({});
    const context = { ...n.kiosk, changed: () => undefined };
    expect(await pollJoining(context, () => false)).toMatchObject({ server: null });
    expect(readServerLink(n.kiosk.store)).toBeNull();
    expect(n.setup.state()).toMatchObject({ at: 'code' });
    await join_(n, text);
    await until(n, 'joined');
  });

  test('cancelled while the grant is being stored: the kiosk has joined, and restarts as joined', async () => {
    const n = await newKiosk();
    n.writing = () => n.setup.methods.setupRetry({});
    await join_(n, await code());
    await until(n, 'approval');
    await approve(n);
    await until(n, 'joined');
    expect(n.joined.count).toBe(1);
  });

  test('entered after a rejection uses new keys, since the server no longer accepts the old ones', async () => {
    const n = await newKiosk();
    await join_(n, await code());
    await until(n, 'approval');
    const { fingerprint } = n.setup.state() as Extract<Setup, { at: 'approval' }>;
    await server.call(revokeDevice, { params: { device: n.kiosk.store.device } });
    await until(n, 'code', ({ trouble }) => trouble?.code === 'device-revoked');
    await join_(n, await code());
    await until(n, 'approval', (s) => s.fingerprint !== fingerprint);
  });
});

describe('other set-up steps', { timeout: 60_000 }, () => {
  test('a clock hours off is reported with the difference, and a correct one is not', async () => {
    const wrong = await newKiosk(-7_200_000);
    await join_(wrong, await code());
    await until(wrong, 'approval', ({ clockOff }) => clockOff !== null && Math.abs(clockOff + 7_200) < 60);
    const right = await newKiosk();
    await join_(right, await code());
    await until(right, 'approval', ({ clockOff }) => clockOff === null);
  });

  test('a staff PIN is chosen once, and a weak one is refused', async () => {
    const n = await newKiosk();
    await expect(n.setup.methods.setupStaffPin({ pin: '1234' })).rejects.toMatchObject({ code: 'pin-weak' });
    await expect(n.setup.methods.setupStaffPin({ pin: '234567' })).rejects.toMatchObject({ code: 'pin-weak' });
    await n.setup.methods.setupStaffPin({ pin: '582046' });
    await expect(n.setup.methods.setupStaffPin({ pin: '992046' })).rejects.toMatchObject({ code: 'staff-pin-set' });
    // The next owner needs this PIN to use the kiosk without a server.
    await expect(n.setup.methods.setupAlone({ pin: '992046' })).rejects.toThrow('not asked');
  });

  test('set up without a server, it works on its own', async () => {
    const n = await newKiosk();
    await n.setup.methods.setupAlone({ pin: '582046' });
    expect(n.setup.state()).toBeNull();
    expect((await n.again()).setup.state()).toBeNull();
  });
});

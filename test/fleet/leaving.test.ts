import { randomBytes, randomUUID } from 'node:crypto';
import { cpSync, existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openKeys } from '../../electron/core/keys/index.ts';
import { sayFarewell } from '../../sync/edge/farewell.ts';
import { commandKiosk, getKiosk } from '../../sync/protocol/api/fleet.ts';
import { newSigningKey } from '../../sync/protocol/seal/keys.ts';
import { newServer, type TestServer } from '../kit/server.ts';
import { codeOf } from '../store/kiosk.ts';
import { type Fleeting, fleeting, setupOf } from './kiosk.ts';

/** A kiosk that the server wipes or decommissions, with the real core and a real server: what remains and what is reported. */
let server: TestServer;
const kiosks: Fleeting[] = [];
beforeAll(async () => {
  server = await newServer();
});
afterAll(() => server?.close());
afterEach(async () => {
  for (const kiosk of kiosks.splice(0)) await kiosk.remove();
});

const PATIENT = { timeout: 90_000, interval: 200 };
const made = async (name: string, records?: number) => {
  const kiosk = await fleeting(server, name, records);
  kiosks.push(kiosk);
  return kiosk;
};
const ask = (kiosk: Fleeting, name: string, what: 'wipe' | 'decommission') =>
  server.call(commandKiosk, { params: { device: kiosk.device }, body: { what, name } });
const shown = (kiosk: Fleeting) => server.call(getKiosk, { params: { device: kiosk.device } });
const files = (home: string) => (readdirSync(home, { recursive: true, encoding: 'utf8' }) as string[]).sort();

describe('a wipe', { timeout: 180_000 }, () => {
  test('leaves nothing that any key opens, reports to the server, and shows it across restarts', async () => {
    const kiosk = await made('Lost door');
    const { home } = kiosk;
    // Everything an attacker may have kept: the secrets, and the disk's earlier blocks, hard-linked under other names.
    const held = mkdtempSync(join(tmpdir(), 'sp-held-'));
    for (const file of ['device-secret', 'provisioning-secret', 'store.db']) cpSync(join(home, file), join(held, file));
    const blocks = ['keyslots.json', 'device-secret', 'provisioning-secret'];
    for (const file of blocks) linkSync(join(home, file), join(held, `block-${file}`));
    try {
      const core = await kiosk.start();
      await ask(kiosk, 'Lost door', 'wipe');
      await expect.poll(() => setupOf(core), PATIENT).toEqual({ at: 'removed', what: 'wipe', step: 'done' });

      expect(files(home)).toEqual(['leaving.json']);
      const left = readFileSync(join(home, 'leaving.json'), 'utf8');
      expect(Object.keys(JSON.parse(left)).sort()).toEqual(['language', 'languages', 'state', 'v']);
      // Not merely unlinked: the blocks that held the keys are overwritten too.
      for (const file of blocks) expect(readFileSync(join(held, `block-${file}`))).toHaveLength(0);

      // Even with the earlier secrets and the store's bytes, on this same machine, nothing can open the store.
      const after = mkdtempSync(join(tmpdir(), 'sp-after-'));
      cpSync(home, after, { recursive: true });
      for (const file of ['device-secret', 'provisioning-secret', 'store.db'])
        cpSync(join(held, file), join(after, file));
      expect(await codeOf(() => openKeys({ home: after, deviceSecret: null }))).toBe('keyslots-missing');
      rmSync(after, { recursive: true });

      const { kiosk: known, commands } = await shown(kiosk);
      expect(known).toMatchObject({ status: 'revoked', leaving: 'wipe' });
      expect(commands[0]).toMatchObject({ what: 'wipe', state: 'done' });

      await core.close();
      const again = await kiosk.start();
      expect(await setupOf(again)).toEqual({ at: 'removed', what: 'wipe', step: 'done' });
      await expect(again.methods.visitBegin({})).rejects.toMatchObject({ code: 'kiosk-removed' });
      expect(files(home)).toEqual(['leaving.json']);
    } finally {
      rmSync(held, { recursive: true, force: true });
    }
  });

  test('overwrites the key slots in place on the disk', async () => {
    const home = mkdtempSync(join(tmpdir(), 'sp-slot-'));
    const { destroyEverything } = await import('../../electron/core/leaving/destroy.ts');
    try {
      await openKeys({ home, deviceSecret: randomBytes(32) });
      linkSync(join(home, 'keyslots.json'), `${home}.block`);
      mkdirSync(join(home, 'storage/faces'), { recursive: true });
      destroyEverything(home);
      expect(files(home)).toEqual([]);
      expect(readFileSync(`${home}.block`)).toHaveLength(0);
    } finally {
      rmSync(home, { recursive: true, force: true });
      rmSync(`${home}.block`, { force: true });
    }
  });

  test('can’t be reported by another key, another kiosk or for another command', async () => {
    const kiosk = await made('Other door');
    const { commands } = await ask(kiosk, 'Other door', 'wipe');
    const stranger = await made('Stranger');
    const { kiosk: before } = await shown(kiosk);
    const bundleOf = await import('../../electron/core/open-kiosk.ts');
    const { readServerLink } = await import('../../electron/core/sync/server-link.ts');
    const opened = await bundleOf.openKiosk({ home: stranger.home, deviceSecret: null, allowSecretFile: false });
    const link = readServerLink(opened.store)!;
    await opened.close();
    const to = {
      server: { id: link.bundle.serverId, url: link.bundle.serverUrl, caPem: link.bundle.keys.caPem },
      device: kiosk.device,
      command: commands[0]!.id,
      what: 'wipe' as const,
      trustedNow: server.now,
    };
    const said = (key: Parameters<typeof sayFarewell>[1], change: Partial<typeof to> = {}) =>
      codeOf(() => sayFarewell({ ...to, ...change }, key, AbortSignal.timeout(60_000)));
    expect(await said({ key: newSigningKey(), own: true })).toBe('bad-signature');
    expect(await said({ key: newSigningKey(), own: false })).toBe('unknown-device');
    expect(await said({ key: link.secret.signing, own: true })).toBe('bad-signature');
    // A farewell signed with its own key for another device's command is accepted but has no effect.
    await sayFarewell(
      { ...to, device: stranger.device },
      { key: link.secret.signing, own: true },
      AbortSignal.timeout(60_000),
    );
    expect((await shown(kiosk)).kiosk).toMatchObject({ status: before.status, leaving: null });
    expect((await shown(stranger)).kiosk).toMatchObject({ status: 'approved', leaving: null });
  });
});

describe('a decommissioning', { timeout: 180_000 }, () => {
  test('first sends every record and photo to the server, and leaves no file', async () => {
    const kiosk = await made('Old door', 40);
    const again: unknown[] = [];
    const core = await kiosk.start({ restart: (what) => void again.push(what) });
    await ask(kiosk, 'Old door', 'decommission');
    const seen = new Set<string>();
    await expect
      .poll(async () => {
        const setup = await setupOf(core);
        if (setup) seen.add(setup.at);
        return setup;
      }, PATIENT)
      .toEqual({ at: 'removed', what: 'decommission', step: 'done' });
    expect(files(kiosk.home)).toEqual([]);
    const { kiosk: known, commands } = await shown(kiosk);
    expect(known).toMatchObject({ status: 'revoked', leaving: 'decommission' });
    expect(commands[0]).toMatchObject({ state: 'done' });
    // All 40 check-ins arrived, and every byte of two photos: one check-in's and the enrolment's.
    const there = await server.offline(async ({ db }) => {
      const of = { device: kiosk.device };
      const checkins = await db.selectFrom('checkin').select('id').where('device', '=', of.device).execute();
      const photos = await db.selectFrom('photo').select('complete_at').where('device', '=', of.device).execute();
      return { checkins: checkins.length, photos: photos.filter((photo) => photo.complete_at !== null).length };
    });
    expect(there).toEqual({ checkins: 40, photos: 2 });

    // A new kiosk can be set up here.
    await core.methods.setupStartOver({});
    expect(again).toEqual([{ browser: true }]);
    await core.close();
    const fresh = await kiosk.start();
    expect(await setupOf(fresh)).toEqual({ at: 'code', trouble: null });
    expect(existsSync(join(kiosk.home, 'keyslots.json'))).toBe(true);
  });

  test('that can’t send its photos is replaced by a wipe, since the kiosk may have been stolen', async () => {
    const kiosk = await made('Full door');
    // The server already holds the maximum number of photos of this kiosk, so the next one waits forever.
    await server.offline(async ({ db }) => {
      const { device } = kiosk;
      const many = ['a', 'b', 'c', 'd', 'e'].map((letter) => ({
        device,
        address: letter.repeat(43),
        event: randomUUID(),
        person: randomUUID(),
        kind: 'checkin' as const,
        expected_at: new Date(),
        total: 2 ** 31 - 1,
        complete_at: null,
      }));
      await db.insertInto('photo').values(many).execute();
    });
    const core = await kiosk.start();
    await ask(kiosk, 'Full door', 'decommission');
    const waits = { at: 'leaving', what: 'decommission', waiting: { for: 'server', count: 2 } };
    await expect.poll(() => setupOf(core), PATIENT).toEqual(waits);
    await ask(kiosk, 'Full door', 'wipe');
    await expect.poll(() => setupOf(core), PATIENT).toEqual({ at: 'removed', what: 'wipe', step: 'done' });
    expect(await shown(kiosk)).toMatchObject({
      kiosk: { status: 'revoked', leaving: 'wipe' },
      commands: [
        { what: 'wipe', state: 'done' },
        { what: 'decommission', state: 'failed', code: 'wiped-instead' },
      ],
    });
  });
});

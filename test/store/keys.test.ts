import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deriveKey, requireStrong } from '../../electron/core/keys/derive.ts';
import { openKeys } from '../../electron/core/keys/index.ts';
import { aPerson, codeOf, newFolder, openKiosk, snapshot, someCheckins } from './kiosk.ts';

const secret = () => randomBytes(32);

/** A closed store with a person and a few check-ins, under the given keys. */
async function closedKiosk(keys: Parameters<typeof openKiosk>[1]): Promise<string> {
  const home = newFolder();
  const store = await openKiosk(home, keys);
  const { id } = await store.people.add(aPerson({ photo: new Uint8Array(500) }));
  await someCheckins(store, id, 3);
  store.close();
  return home;
}

/** Opening must fail with this code and leave every byte, time and file of the folder unchanged. */
async function refusedUntouched(home: string, keys: Parameters<typeof openKiosk>[1], code: string): Promise<void> {
  const before = snapshot(home);
  expect(await codeOf(() => openKiosk(home, keys))).toBe(code);
  expect(snapshot(home)).toEqual(before);
}

describe('a store that must not open stays untouched, to the byte and modification time', () => {
  const right = { deviceSecret: secret(), provisioningSecret: secret(), machineId: 'machine-a' };

  it('with another device secret, provisioning secret, or none', async () => {
    const home = await closedKiosk(right);
    await refusedUntouched(home, { ...right, deviceSecret: secret() }, 'store-wrong-key');
    await refusedUntouched(home, { ...right, provisioningSecret: secret() }, 'store-wrong-key');
    await refusedUntouched(home, { ...right, provisioningSecret: null }, 'provisioning-secret-missing');
    await refusedUntouched(home, { ...right, deviceSecret: null, allowSecretFile: false }, 'device-secret-missing');
    await refusedUntouched(home, { ...right, deviceSecret: null, allowSecretFile: true }, 'device-secret-missing');
    expect((await openKiosk(home, right)).people.count()).toBe(1);
  });

  it('on another machine', async () => {
    const home = await closedKiosk(right);
    await refusedUntouched(home, { ...right, machineId: 'machine-b' }, 'store-other-machine');
    // The tag is only a hint, not the lock: even if it is forged, the machine's id still salts the key.
    const file = join(home, 'keyslots.json');
    const slots = JSON.parse(readFileSync(file, 'utf8'));
    const other = await openKeys({ home: newFolder(), ...right, machineId: 'machine-b' });
    const { machineTag } = await import('../../electron/core/keys/slots.ts');
    writeFileSync(file, JSON.stringify({ ...slots, machine: machineTag(slots.store, 'machine-b') }));
    expect(other.live).toBe(false);
    await refusedUntouched(home, { ...right, machineId: 'machine-b' }, 'store-wrong-key');
  });

  it('truncated at or within a page, or emptied', async () => {
    for (const keep of [0, 10, 1000, 1024, 10 * 1024, 20_000]) {
      const home = await closedKiosk(right);
      truncateSync(join(home, 'store.db'), keep);
      await refusedUntouched(home, right, 'store-damaged');
    }
  });

  it('replaced by garbage, by another kiosk’s store, or missing', async () => {
    const home = await closedKiosk(right);
    const file = join(home, 'store.db');
    writeFileSync(file, randomBytes(statSync(file).size));
    await refusedUntouched(home, right, 'store-damaged');
    writeFileSync(file, readFileSync(join(await closedKiosk(right), 'store.db')));
    await refusedUntouched(home, right, 'store-damaged');
    rmSync(file);
    await refusedUntouched(home, right, 'store-missing');
  });

  it('replaced by another kiosk’s store that was copied while it ran, with its log', async () => {
    const home = await closedKiosk(right);
    const other = newFolder();
    const running = await openKiosk(other, right);
    const { id } = await running.people.add(aPerson());
    await someCheckins(running, id, 3);
    for (const name of ['store.db', 'store.db-wal']) writeFileSync(join(home, name), readFileSync(join(other, name)));
    expect(statSync(join(home, 'store.db-wal')).size).toBeGreaterThan(5000);
    await refusedUntouched(home, right, 'store-damaged');
  });

  it('without key slots, with damaged ones, or with ones that others may read', async () => {
    const home = await closedKiosk(right);
    const file = join(home, 'keyslots.json');
    const good = readFileSync(file, 'utf8');
    chmodSync(file, 0o644);
    await refusedUntouched(home, right, 'secret-file-exposed');
    chmodSync(file, 0o600);
    writeFileSync(file, good.slice(0, -10));
    await refusedUntouched(home, right, 'keyslots-damaged');
    rmSync(file);
    await refusedUntouched(home, right, 'keyslots-missing');
  });

  it('if any byte of a key slot differs', async () => {
    const home = await closedKiosk(right);
    const file = join(home, 'keyslots.json');
    const slots = JSON.parse(readFileSync(file, 'utf8'));
    const bytes = Buffer.from(slots.current.slot, 'base64url');
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length * 8 - 1 }), async (bit) => {
        const changed = Buffer.from(bytes);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        writeFileSync(
          file,
          JSON.stringify({ ...slots, current: { ...slots.current, slot: changed.toString('base64url') } }),
        );
        expect(await codeOf(() => openKeys({ home, ...right }))).toBe('store-wrong-key');
      }),
      { numRuns: 40 },
    );
  });
});

describe('secrets', () => {
  it('are refused if too short, too long, repeating, sequential, or text', async () => {
    const refused = (bytes: Uint8Array) => codeOf(() => requireStrong(bytes, 'secret'));
    expect(await refused(new Uint8Array())).toBe('secret-malformed');
    expect(await refused(randomBytes(31))).toBe('secret-malformed');
    expect(await refused(randomBytes(33))).toBe('secret-malformed');
    expect(await refused(new Uint8Array(32))).toBe('secret-weak');
    expect(await refused(new Uint8Array(32).fill(7))).toBe('secret-weak');
    expect(await refused(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe('secret-weak');
    expect(await refused(Uint8Array.from({ length: 32 }, (_, i) => 200 - 3 * i))).toBe('secret-weak');
    expect(await refused(Buffer.from('correct horse battery staple 123'))).toBe('secret-weak');
    expect(await refused(Buffer.concat([randomBytes(8), randomBytes(4), new Uint8Array(20)]))).toBe('secret-weak');
  });

  it('are accepted when random', () => {
    for (let i = 0; i < 2000; i++) requireStrong(randomBytes(32), 'secret');
  });

  it('that are weak prevent creating the store, and leave the folder empty', async () => {
    const home = newFolder();
    await refusedUntouched(home, { deviceSecret: new Uint8Array(32) }, 'secret-weak');
    await refusedUntouched(home, { deviceSecret: secret(), provisioningSecret: randomBytes(16) }, 'secret-malformed');
    await refusedUntouched(home, { deviceSecret: null, allowSecretFile: false }, 'device-secret-missing');
    expect(snapshot(home)).toEqual({});
  });

  it('are stored in a private file only if allowed, and this is reported', async () => {
    const home = newFolder();
    const keys = await openKeys({ home, deviceSecret: null, allowSecretFile: true });
    expect(keys.secretInFile).toBe(true);
    expect(statSync(join(home, 'device-secret')).mode & 0o777).toBe(0o600);
    expect(statSync(join(home, 'keyslots.json')).mode & 0o777).toBe(0o600);
    expect((await openKeys({ home: newFolder(), deviceSecret: secret() })).secretInFile).toBe(false);
    chmodSync(join(home, 'device-secret'), 0o640);
    expect(await codeOf(() => openKeys({ home, deviceSecret: null }))).toBe('secret-file-exposed');
  });

  it('give one derived key per purpose: all differ, and none reveals another', async () => {
    const keys = await openKeys({ home: newFolder(), deviceSecret: secret() });
    const all = [
      ...(['pages', 'personKeys', 'vault', 'storeValues'] as const).map((p) => keys.current.subkey(p)),
      ...(['pin-pepper', 'lockout-subjects'] as const).map((p) => keys.subkey(p)),
    ].map((key) => key.toString('hex'));
    expect(new Set(all).size).toBe(6);
    expect(all.every((key) => key.length === 64)).toBe(true);
  });

  it('derive by HKDF-SHA-256 according to RFC 5869', async () => {
    const root = Buffer.alloc(32, 3);
    const { createHmac } = await import('node:crypto');
    const prk = createHmac('sha256', Buffer.alloc(32)).update(root).digest();
    const okm = createHmac('sha256', prk)
      .update('smartpresence/kiosk/v1/x')
      .update(Buffer.from([1]))
      .digest();
    expect(deriveKey(root, 'x')).toEqual(okm);
  });
});

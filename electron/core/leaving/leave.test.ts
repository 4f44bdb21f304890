import { expect, test, vi } from 'vitest';
import { createDeviceIdentity } from '../../../sync/edge/identity.ts';
import type { Store } from '../store/interface.ts';
import { type LeaveDeps, prepareToLeave } from './leave.ts';

const UUID = '01890a5d-ac96-774b-bcce-b302099a8057';
const answered: unknown[][] = [];

async function kioskWith(waiting: { records: number; photos: number }) {
  answered.length = 0;
  const settings = new Map<string, string>();
  const secret = await createDeviceIdentity(UUID);
  settings.set(
    'server-link',
    JSON.stringify({
      secret,
      bundle: {
        serverId: UUID,
        serverUrl: 'https://check.example:8444',
        mqttUrls: [],
        keys: {
          serial: 1,
          signing: [{ kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) }],
          sealing: { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) },
          caPem: ['-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----'],
        },
        tlsCertPem: '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----',
        site: { id: UUID, name: 'Tor', timeZone: 'UTC' },
      },
    }),
  );
  let now = 0;
  const shows: (number | null)[] = [];
  const deps: LeaveDeps = {
    store: {
      setting: (key: string) => settings.get(key) ?? null,
      setSetting: (key: string, value: string) => void settings.set(key, value),
      pendingCount: () => waiting.records,
      sync: {
        photosWaiting: () => waiting.photos,
        answerCommand: (...args: unknown[]) => void answered.push(args),
      },
    } as unknown as Store,
    site: { languages: ['en'], defaultLanguage: 'en' },
    nudge: () => undefined,
    shows: (n) => void shows.push(n),
    stopped: () => false,
    monotonic: () => now,
    log: () => undefined,
  };
  return { deps, shows, settings, pass: (ms: number) => (now += ms) };
}

test('a decommissioning waits until every record and photo is there, however long; a wipe half a minute', async () => {
  vi.useFakeTimers();
  try {
    const waiting = { records: 3, photos: 1 };
    const kiosk = await kioskWith(waiting);
    let left: unknown = 'waits';
    void prepareToLeave(kiosk.deps, { id: UUID, what: 'decommission' }).then((l) => (left = l));
    kiosk.pass(86_400_000);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(left).toBe('waits');
    waiting.records = 0;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(left).toBe('waits');
    waiting.photos = 0;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(left).toMatchObject({ journal: { what: 'decommission', state: 'destroying' } });
    expect(kiosk.shows.slice(0, 1)).toEqual([4]);
    expect(kiosk.shows.at(-1)).toBeNull();

    const lost = await kioskWith({ records: 3, photos: 0 });
    left = 'waits';
    void prepareToLeave(lost.deps, { id: UUID, what: 'wipe' }).then((l) => (left = l));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(left).toBe('waits');
    lost.pass(30_001);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(left).toMatchObject({ journal: { what: 'wipe' } });
  } finally {
    vi.useRealTimers();
  }
});

test('the key of the farewell is the one that was announced, over a kill in between', async () => {
  const kiosk = await kioskWith({ records: 0, photos: 0 });
  const first = await prepareToLeave(kiosk.deps, { id: UUID, what: 'wipe' });
  const [, outcome, thumbprint] = answered[0]!;
  expect(outcome).toBe('begun');
  expect(thumbprint).toMatch(/^[\w-]{43}$/);
  const second = await prepareToLeave(kiosk.deps, { id: UUID, what: 'wipe', begun: true });
  expect(second!.journal.word).toEqual(first!.journal.word);
  expect(answered).toHaveLength(1);
});

import { expect, test, vi } from 'vitest';
import { createDeviceIdentity } from '../../../sync/edge/identity.ts';
import type { Store } from '../store/interface.ts';
import { type LeaveDeps, prepareToLeave, type Waiting } from './leave.ts';

const UUID = '01890a5d-ac96-774b-bcce-b302099a8057';
const START = Date.parse('2026-03-02T08:00:00.000Z');
const expires = '2026-03-09T08:00:00.000Z';
const answered: unknown[][] = [];

async function kioskWith(waiting: {
  records: number;
  photos: number;
  hurried?: boolean;
  marks?: { made: number; safe: number }[];
}) {
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
  const shows: (Waiting | null)[] = [];
  const deps: LeaveDeps = {
    store: {
      settings: {
        get: (key: string) => settings.get(key) ?? null,
        set: (key: string, value: string) => void settings.set(key, value),
      },
      outbox: {
        count: () => waiting.records,
        photosWaiting: () => waiting.photos,
        marks: () => waiting.marks ?? [{ made: 3, safe: 0 }],
      },
      deviceState: { answer: (...args: unknown[]) => void answered.push(args) },
    } as unknown as Store,
    site: { languages: ['en'], defaultLanguage: 'en' },
    nudge: () => undefined,
    shows: (n) => void shows.push(n),
    stopped: () => false,
    hurried: () => waiting.hurried ?? false,
    monotonic: () => now,
    now: () => START + now,
    log: () => undefined,
  };
  return { deps, shows, settings, pass: (ms: number) => (now += ms) };
}

test('a decommissioning waits until every record and photo is sent, however long; a wipe waits half a minute', async () => {
  vi.useFakeTimers();
  try {
    const waiting = { records: 3, photos: 1 };
    const kiosk = await kioskWith(waiting);
    let left: unknown = 'waits';
    void prepareToLeave(kiosk.deps, { id: UUID, what: 'decommission', expires }).then((l) => (left = l));
    kiosk.pass(86_400_000);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(left).toBe('waits');
    waiting.records = 0;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(left).toBe('waits');
    waiting.photos = 0;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(left).toMatchObject({ journal: { what: 'decommission', state: 'destroying' } });
    expect(kiosk.shows[0]).toEqual({ for: 'server', count: 4 });
    expect(kiosk.shows.at(-1)).toBeNull();

    const lost = await kioskWith({ records: 3, photos: 0 });
    left = 'waits';
    void prepareToLeave(lost.deps, { id: UUID, what: 'wipe', expires }).then((l) => (left = l));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(left).toBe('waits');
    lost.pass(30_001);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(left).toMatchObject({ journal: { what: 'wipe' } });
  } finally {
    vi.useRealTimers();
  }
});

test('a decommissioning waits until a backup of the server contains everything, if it makes any, but not for ever', async () => {
  vi.useFakeTimers();
  try {
    const marks = [
      { made: 40, safe: 40 },
      { made: 7, safe: 0 },
    ];
    const kiosk = await kioskWith({ records: 0, photos: 0, marks });
    let left: unknown = 'waits';
    const begin = (of: typeof kiosk, what: 'wipe' | 'decommission') => {
      left = 'waits';
      void prepareToLeave(of.deps, { id: UUID, what, expires }).then((l) => (left = l));
      return vi.advanceTimersByTimeAsync(60_000);
    };
    await begin(kiosk, 'decommission');
    expect(left).toBe('waits');
    expect(kiosk.shows.at(-1)).toEqual({ for: 'backup', count: 7 });
    marks[1]!.safe = 7;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(left).toMatchObject({ journal: { what: 'decommission' } });

    // A backup that never happens delays it until the command expires.
    const stuck = await kioskWith({ records: 0, photos: 0, marks: [{ made: 9, safe: 2 }] });
    await begin(stuck, 'decommission');
    stuck.pass(7 * 86_400_000 - 1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(left).toBe('waits');
    stuck.pass(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(left).toMatchObject({ journal: { what: 'decommission' } });

    // A wipe waits for none.
    await begin(await kioskWith({ records: 0, photos: 0, marks: [{ made: 9, safe: 2 }] }), 'wipe');
    expect(left).toMatchObject({ journal: { what: 'wipe' } });
  } finally {
    vi.useRealTimers();
  }
});

test('the farewell’s key is the announced one, even after a kill in between', async () => {
  const kiosk = await kioskWith({ records: 0, photos: 0 });
  const first = await prepareToLeave(kiosk.deps, { id: UUID, what: 'wipe', expires });
  const [, outcome, thumbprint] = answered[0]!;
  expect(outcome).toBe('started');
  expect(thumbprint).toMatch(/^[\w-]{43}$/);
  const second = await prepareToLeave(kiosk.deps, { id: UUID, what: 'wipe', expires, started: true });
  expect(second!.journal.farewellKey).toEqual(first!.journal.farewellKey);
  expect(answered).toHaveLength(1);
});

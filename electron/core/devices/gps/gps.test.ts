import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Gps } from '../config.ts';
import { createGpsReceiver } from './receiver.ts';

const config = (rest: object = {}) => Gps.parse({ port: '/dev/null', ...rest });

/** Returns a sentence with its checksum, as a receiver ends it. */
function sentence(body: string): string {
  const sum = [...body].reduce((total, one) => total ^ one.charCodeAt(0), 0);
  return `$${body}*${sum.toString(16).toUpperCase().padStart(2, '0')}\r\n`;
}

interface Said {
  readonly at: number;
  readonly lat?: number;
  readonly lon?: number;
  readonly speed?: number;
  readonly satellites?: number;
  readonly hdop?: number;
  readonly alt?: number;
  readonly quality?: number;
  readonly status?: 'A' | 'V';
}

const START = Date.UTC(2026, 11, 1, 12, 0, 0);
const BERLIN = { lat: 52.52, lon: 13.405 };

function coordinate(degrees: number, width: number): string {
  const whole = Math.floor(Math.abs(degrees));
  return `${String(whole).padStart(width, '0')}${((Math.abs(degrees) - whole) * 60).toFixed(5).padStart(8, '0')}`;
}

/** Returns RMC and GGA of one second, as a u-blox receiver sends them. */
function epoch({ at, lat = BERLIN.lat, lon = BERLIN.lon, ...said }: Said): string {
  const iso = new Date(at).toISOString();
  const time = `${iso.slice(11, 19).replaceAll(':', '')}.00`;
  const date = `${iso.slice(8, 10)}${iso.slice(5, 7)}${iso.slice(2, 4)}`;
  const place = `${coordinate(lat, 2)},${lat < 0 ? 'S' : 'N'},${coordinate(lon, 3)},${lon < 0 ? 'W' : 'E'}`;
  const knots = ((said.speed ?? 0) / 1.852).toFixed(3);
  const { quality = 1, satellites = 9, hdop = 0.9, alt = 34.5, status = 'A' } = said;
  return (
    sentence(`GNRMC,${time},${status},${place},${knots},,${date},,,${status === 'A' ? 'A' : 'N'}`) +
    sentence(`GNGGA,${time},${place},${quality},${String(satellites).padStart(2, '0')},${hdop},${alt},M,44.6,M,,`)
  );
}

async function rig(rest: object = {}) {
  const clock = { now: 1_000 };
  const times: number[] = [];
  const receiver = await createGpsReceiver(
    config(rest),
    () => clock.now,
    (ms) => times.push(ms),
  );
  let at = START;
  const hear = (text: string) => receiver.push(Buffer.from(text, 'latin1'));
  /** Sends this many seconds of sentences. */
  const seconds = (count: number, said: Partial<Said> = {}) => {
    for (let i = 0; i < count; i++) {
      hear(epoch({ at, ...said }));
      at += 1_000;
      clock.now += 1_000;
    }
  };
  return { receiver, clock, times, hear, seconds };
}

describe('a place', () => {
  it('is trusted after a few reports, with the accuracy that its dilution promises', async () => {
    const { receiver, seconds } = await rig();
    seconds(2);
    expect(receiver.position()).toBeNull();
    expect(receiver.fix().trouble).toBe('settling');
    seconds(1);
    expect(receiver.position()).toEqual({
      latitude: 52.52,
      longitude: 13.405,
      accuracy: 5,
      at: '2026-12-01T12:00:02.000Z',
    });
  });

  it('is also right in the south and west', async () => {
    const { receiver, seconds } = await rig();
    seconds(3, { lat: -33.45694, lon: -70.64827 });
    expect(receiver.position()).toMatchObject({ latitude: -33.45694, longitude: -70.64827 });
  });

  it.each<[string, Partial<Said>, string]>([
    ['a void fix', { status: 'V' }, 'no-fix'],
    ['an estimate', { quality: 6 }, 'no-fix'],
    ['a simulation', { quality: 8 }, 'no-fix'],
    ['a position that was typed in', { quality: 7 }, 'no-fix'],
    ['too few satellites', { satellites: 3 }, 'weak'],
    ['a large dilution', { hdop: 9.9 }, 'weak'],
    ['a speed, although kiosks stand still', { speed: 60 }, 'too-fast'],
    ['an impossible height', { alt: 12_000 }, 'altitude'],
    ['nowhere', { lat: 0, lon: 0 }, 'nowhere'],
  ])('is not taken from %s', async (_, said, trouble) => {
    const { receiver, seconds } = await rig();
    seconds(5, said);
    expect(receiver.position()).toBeNull();
    expect(receiver.fix().trouble).toBe(trouble);
  });

  it('that suddenly changes is not accepted, and the true one returns immediately', async () => {
    const { receiver, seconds } = await rig();
    seconds(5);
    seconds(3, { lat: 48.85, lon: 2.35 });
    expect(receiver.fix().trouble).toBeNull(); // the last true fix is still fresh
    expect(receiver.position()?.latitude).toBe(52.52);
    seconds(1);
    expect(receiver.position()?.latitude).toBe(52.52);
  });

  it('of a kiosk that was moved is trusted after a while', async () => {
    const { receiver, seconds } = await rig();
    seconds(5);
    seconds(12, { lat: 48.85, lon: 2.35 });
    expect(receiver.position()?.latitude).toBe(48.85);
  });

  it('is none once it is stale', async () => {
    const { receiver, seconds, clock } = await rig({ staleSeconds: 10 });
    seconds(5);
    clock.now += 8_000;
    expect(receiver.position()).not.toBeNull();
    clock.now += 3_000;
    expect(receiver.position()).toBeNull();
    expect(receiver.fix().trouble).toBe('stale');
  });

  it('is never returned if the site wants only the clock', async () => {
    const { receiver, seconds } = await rig({ positions: 'none' });
    seconds(20);
    expect(receiver.position()).toBeNull();
    expect(receiver.fix().fix).not.toBeNull();
  });

  it('is not taken from a sentence that was damaged on the line, in any of its characters', async () => {
    const good = epoch({ at: START });
    const rmc = good.slice(0, good.indexOf('\n') + 1);
    for (let i = 1; i < rmc.length - 2; i++) {
      const { receiver, hear, clock } = await rig();
      const damaged = rmc.slice(0, i) + String.fromCharCode(rmc.charCodeAt(i) ^ 2) + rmc.slice(i + 1);
      for (let n = 0; n < 4; n++) {
        hear(damaged + good.slice(rmc.length));
        clock.now += 1_000;
      }
      expect([i, receiver.position()]).toEqual([i, null]);
    }
  });

  it('is found after any noise, and noise alone is never a place', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (noise) => {
        const { receiver, seconds, hear } = await rig();
        receiver.push(noise);
        expect(receiver.position()).toBeNull();
        hear('\r\n');
        seconds(3);
        expect(receiver.position()).not.toBeNull();
      }),
      { numRuns: 60 },
    );
  });

  it('is parsed from sentences of any shape without an error', async () => {
    const field = fc.oneof(fc.constantFrom('', '-1', '999999', 'N', 'A', 'NaN', '1e9'), fc.string({ maxLength: 8 }));
    const { receiver, hear } = await rig();
    fc.assert(
      fc.property(
        fc.constantFrom('GPRMC', 'GNGGA', 'GPGSV', 'GPTXT', 'GPconstructor', 'GPZDA'),
        fc.array(field, { maxLength: 20 }),
        (type, fields) => hear(sentence(`${type},${fields.join(',')}`)),
      ),
    );
    expect(receiver.position()).toBeNull();
  });
});

describe('the time of the satellites', () => {
  it('is reported after ten seconds that agree with our own clock, and then once a minute', async () => {
    const { times, seconds } = await rig();
    seconds(11);
    expect(times).toEqual([]);
    seconds(1);
    expect(times).toEqual([START + 11_000]);
    seconds(59);
    expect(times).toHaveLength(1);
    seconds(2);
    expect(times).toHaveLength(2);
  });

  it('is not reported by a receiver whose week number has rolled over, and its places have no date', async () => {
    const { times, receiver, seconds } = await rig();
    seconds(20, { at: START - 1024 * 7 * 86_400_000 });
    expect(times).toEqual([]);
    expect(receiver.position()).toEqual({ latitude: 52.52, longitude: 13.405, accuracy: 5 });
  });

  it('is not taken from a sentence without a date: the parser would use today’s', async () => {
    const { times, receiver, hear, clock } = await rig();
    for (let i = 0; i < 20; i++) {
      const time = `1200${String(i).padStart(2, '0')}.00`;
      hear(sentence(`GNRMC,${time},A,5231.20000,N,01324.30000,E,0.0,,,,,A`));
      hear(sentence(`GNGGA,${time},5231.20000,N,01324.30000,E,1,09,0.9,34.5,M,44.6,M,,`));
      clock.now += 1_000;
    }
    expect(receiver.fix().fix).toMatchObject({ at: null });
    expect(times).toEqual([]);
  });

  it('is not reported while it jumps', async () => {
    const { times, clock, hear } = await rig();
    for (let i = 0; i < 30; i++) {
      hear(epoch({ at: START + i * 1_000 + (i % 5 === 0 ? 60_000 : 0) }));
      clock.now += 1_000;
    }
    expect(times).toEqual([]);
  });
});

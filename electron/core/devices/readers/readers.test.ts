import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reader } from '../config.ts';
import { badgeNumber } from './badge-number.ts';
import { checksumOf } from './checksum.ts';
import { createFramer, MAX_FRAME } from './framing.ts';
import { createBadgeStream, masked } from './reader.ts';

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
const reader = (rest: object = {}) => Reader.parse({ name: 'door', port: '/dev/null', ...rest });

/** RDM6300: STX, ten hexadecimal digits, two of their XOR, ETX. Recorded from a white EM4100 card. */
const RDM6300 = bytes('\x0262004D2F8383\x03');
const EM4100 = {
  framing: { kind: 'stx-etx' },
  encoding: 'hex',
  checksum: { kind: 'xor' },
  skipBytes: 1,
  number: { form: 'decimal', digits: 10 },
} as const;

function collect(config: Reader, clock = { now: 0 }) {
  const reads: string[] = [];
  const stream = createBadgeStream(
    config,
    () => clock.now,
    (badge) => reads.push(badge),
  );
  return { reads, stream, clock };
}

describe('the number of a badge', () => {
  it('from an EM4100 reader is the one printed on the card', () => {
    const { reads, stream } = collect(reader(EM4100));
    stream.push(RDM6300);
    expect(reads).toEqual(['0005058435']);
  });

  it('is refused if one character of the read was damaged on the line', () => {
    for (let i = 1; i < RDM6300.length - 1; i++) {
      const damaged = RDM6300.slice();
      damaged[i] = damaged[i]! ^ 1;
      const { reads, stream } = collect(reader(EM4100));
      stream.push(damaged);
      expect([i, reads]).toEqual([i, []]);
      const { checksum, characters } = stream.faults();
      expect(checksum + characters).toBe(1);
    }
  });

  it('can be a facility and a number, with their parity checked', () => {
    // Facility 123, number 4567: 26 bits with an even and an odd parity bit, right-aligned in four bytes.
    const body = (123n << 16n) | 4567n;
    const ones = (value: bigint) => value.toString(2).replaceAll('0', '').length;
    const even = BigInt(ones(body >> 12n) % 2);
    const odd = BigInt(1 - (ones(body & 0xfffn) % 2));
    const wiegand = (even << 25n) | (body << 1n) | odd;
    const frame = bytes(wiegand.toString(16).padStart(8, '0'));
    const format = reader({ encoding: 'hex', number: { form: 'wiegand', parity: true } });
    expect(badgeNumber(frame, format)).toEqual({ badge: '123-04567' });
    for (let bit = 0n; bit < 26n; bit++) {
      const flipped = bytes((wiegand ^ (1n << bit)).toString(16).padStart(8, '0'));
      expect(badgeNumber(flipped, format)).toEqual({ code: 'parity' });
    }
    const plain = reader({ encoding: 'hex', number: { form: 'wiegand', separator: '' } });
    expect(badgeNumber(bytes('7B11D7'), plain)).toEqual({ badge: '12304567' });
  });

  it.each([
    ['text', reader(), ' AB-1234 ', { badge: 'AB-1234' }],
    ['text with control characters', reader(), 'AB\x001', { code: 'characters' }],
    ['blanks', reader(), '   ', { code: 'empty' }],
    ['hexadecimal to decimal', reader({ encoding: 'hex', number: { form: 'decimal' } }), '00FF', { badge: '255' }],
    ['decimal to hexadecimal', reader({ encoding: 'decimal', number: { form: 'hex' } }), '65535', { badge: 'FFFF' }],
    [
      'reversed bytes',
      reader({ encoding: 'hex', reversed: true, number: { form: 'hex' } }),
      '01020304',
      { badge: '04030201' },
    ],
    ['an odd count of digits', reader({ encoding: 'hex', number: { form: 'hex' } }), '123', { code: 'characters' }],
    ['letters among decimal digits', reader({ encoding: 'decimal' }), '12X4', { code: 'characters' }],
    [
      'a checksum behind the characters',
      reader({ checksum: { kind: 'sum', over: 'frame' } }),
      `42${Buffer.from([(0x34 + 0x32) & 0xff]).toString('hex')}`,
      { badge: '42' },
    ],
    ['nothing but a version byte', reader({ encoding: 'hex', skipBytes: 1 }), 'FF', { code: 'empty' }],
  ])('reads %s', (_, config, frame, expected) => {
    expect(badgeNumber(bytes(frame), config)).toEqual(expected);
  });

  it('supports the checksums that are common in the field', () => {
    const nine = bytes('123456789');
    expect(Buffer.from(checksumOf('crc16', nine)).toString('hex')).toBe('374b'); // CRC-16/MODBUS check value 0x4B37
    expect(checksumOf('sum', nine)).toEqual(Uint8Array.of(0xdd));
    expect(checksumOf('lrc', nine)).toEqual(Uint8Array.of(0x23));
    expect(checksumOf('xor', nine)).toEqual(Uint8Array.of(0x31));
  });

  it('is shown with at most its last two characters', () => {
    expect(masked('0005058435')).toBe('••••••••35');
    expect(masked('123')).toBe('•••');
  });
});

const framings = fc.constantFrom(
  { kind: 'delimiter', delimiter: '\r\n' },
  { kind: 'stx-etx', start: 2, end: 3 },
  { kind: 'length', bytes: 7 },
  { kind: 'pause' },
) as fc.Arbitrary<Reader['framing']>;

describe('reads in a stream', () => {
  it('are the same however the bytes were split up', () => {
    fc.assert(
      fc.property(
        framings,
        fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 12 }),
        fc.array(fc.nat(9)),
        (framing, said, cuts) => {
          const whole = Buffer.concat(said);
          const atOnce = createFramer(framing);
          const expected = [...atOnce.push(whole), ...atOnce.pause()].map((one) => [...one]);
          const inPieces = createFramer(framing);
          const got: number[][] = [];
          for (let at = 0, i = 0; at < whole.length; i++) {
            const size = 1 + (cuts[i % Math.max(1, cuts.length)] ?? 0);
            got.push(...inPieces.push(whole.subarray(at, at + size)).map((one) => [...one]));
            at += size;
          }
          got.push(...inPieces.pause().map((one) => [...one]));
          expect(got).toEqual(expected);
          expect(inPieces.damaged).toBe(atOnce.damaged);
        },
      ),
    );
  });

  it('resume after any noise, with at most one read lost', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.constantFrom('delimiter', 'stx-etx'), (noise, kind) => {
        const config = reader(kind === 'delimiter' ? {} : { framing: { kind } });
        const said = kind === 'delimiter' ? 'CARD-1\r\nCARD-2\r\n' : '\x02CARD-1\x03\x02CARD-2\x03';
        const { reads, stream } = collect(config);
        stream.push(noise);
        stream.push(bytes(said));
        expect(reads.at(-1)).toBe('CARD-2');
      }),
    );
  });

  it('never grow without bound, and never throw', () => {
    fc.assert(
      fc.property(framings, fc.uint8Array({ maxLength: 2_000 }), (framing, noise) => {
        const framer = createFramer(framing);
        for (const frame of [...framer.push(noise), ...framer.pause()])
          expect(frame.length).toBeLessThanOrEqual(MAX_FRAME + 4);
      }),
    );
  });

  it('of a fixed length start over after a pause: one byte too many shifts nothing', () => {
    const { reads, stream } = collect(reader({ framing: { kind: 'length', bytes: 4 } }));
    stream.push(bytes('x'));
    stream.pause();
    stream.push(bytes('1234'));
    expect(reads).toEqual(['1234']);
    expect(stream.faults().damaged).toBe(1);
  });
});

describe('a card that is held to the reader', () => {
  it('is one read, however long, and counts again after it was away', () => {
    const { reads, stream, clock } = collect(reader({ repeatSeconds: 3 }));
    for (let i = 0; i < 20; i++) {
      stream.push(bytes('CARD-1\r\n'));
      clock.now += 1_000;
    }
    expect(reads).toEqual(['CARD-1']);
    clock.now += 3_000;
    stream.push(bytes('CARD-1\r\n'));
    expect(reads).toEqual(['CARD-1', 'CARD-1']);
  });

  it('does not delay the next person’s', () => {
    const { reads, stream } = collect(reader());
    stream.push(bytes('CARD-1\r\nCARD-2\r\nCARD-1\r\n'));
    expect(reads).toEqual(['CARD-1', 'CARD-2', 'CARD-1']);
  });

  it('is discarded half read when the reader is unplugged', () => {
    const { reads, stream } = collect(reader());
    stream.push(bytes('CARD'));
    stream.reset();
    stream.push(bytes('7\r\n'));
    expect(reads).toEqual(['7']);
  });
});

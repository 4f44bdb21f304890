import { z } from 'zod';
import { Method } from '../../../sync/protocol/wire/event.ts';

/**
 * Serial devices of one entrance: the part `devices` of site.json. docs/install/devices.md explains each value for the person who
 * wires them up. A kiosk without this part opens no port and loads no driver.
 */

const Usb = z.string().regex(/^[0-9a-fA-F]{4}$/, 'must be four hexadecimal digits, as lsusb shows them');

/** A port by its path (preferably one that names the device, as /dev/serial/by-id/…), or by the USB device plugged in. */
export const PortChoice = z.union([
  z.string().min(1).max(300),
  z.strictObject({
    vendorId: Usb,
    productId: Usb,
    /** Distinguishes two devices of the same kind. */
    serialNumber: z.string().min(1).max(100).optional(),
  }),
]);
export type PortChoice = z.infer<typeof PortChoice>;

/** The serial line's parameters. */
export const Line = z.strictObject({
  port: PortChoice,
  baud: z.number().int().min(300).max(921_600).default(9600),
  dataBits: z.union([z.literal(7), z.literal(8)]).default(8),
  parity: z.enum(['none', 'even', 'odd']).default('none'),
  stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
});
export type Line = z.infer<typeof Line>;

const Name = z.string().trim().min(1).max(40);
const Byte = z.number().int().min(0).max(255);

/** Where a read begins and ends in the stream of bytes. */
export const Framing = z.discriminatedUnion('kind', [
  /** Each read ends with these characters. */
  z.strictObject({ kind: z.literal('delimiter'), delimiter: z.string().min(1).max(4).default('\r\n') }),
  /** Each read is between a start and an end byte. */
  z.strictObject({ kind: z.literal('stx-etx'), start: Byte.default(2), end: Byte.default(3) }),
  /** Always this many bytes; a pause starts a new read. */
  z.strictObject({ kind: z.literal('length'), bytes: z.number().int().min(1).max(64) }),
  /** All bytes that arrive without a pause. */
  z.strictObject({ kind: z.literal('pause') }),
]);
export type Framing = z.infer<typeof Framing>;

export const Checksum = z.strictObject({
  /** `lrc`: two's complement of the sum. `crc16`: CRC-16/MODBUS, low byte first. */
  kind: z.enum(['xor', 'sum', 'lrc', 'crc16']),
  /** `value`: over the decoded bytes, which include it; `frame`: over the characters, followed by its 2 (CRC: 4) hex digits. */
  over: z.enum(['value', 'frame']).default('value'),
});
export type Checksum = z.infer<typeof Checksum>;

/** How the number on a card is composed. */
export const BadgeNumber = z.discriminatedUnion('form', [
  /** The characters as they arrive, without leading and trailing blanks. */
  z.strictObject({ form: z.literal('text') }),
  z.strictObject({ form: z.literal('hex') }),
  z.strictObject({
    form: z.literal('decimal'),
    /** Padded with leading zeros to this many digits. */
    digits: z.number().int().min(1).max(20).optional(),
  }),
  z.strictObject({
    form: z.literal('wiegand'),
    facilityBits: z.number().int().min(1).max(32).default(8),
    numberBits: z.number().int().min(1).max(32).default(16),
    /** One parity bit on each side, which must be correct: even over the first half, odd over the second. */
    parity: z.boolean().default(false),
    /** Digits of facility and number, and the text between them: `012-34567`. */
    facilityDigits: z.number().int().min(1).max(10).default(3),
    numberDigits: z.number().int().min(1).max(10).default(5),
    separator: z.string().max(1).default('-'),
  }),
]);
export type BadgeNumber = z.infer<typeof BadgeNumber>;

export const Reader = Line.extend({
  name: Name,
  framing: Framing.prefault({ kind: 'delimiter' }),
  /** How a read encodes the card's bytes: unchanged, or as hexadecimal or decimal digits. */
  encoding: z.enum(['bytes', 'hex', 'decimal']).default('bytes'),
  checksum: Checksum.optional(),
  /** Bytes of the value that are not the card's number, e.g. 1 for the version byte of an EM4100 card. */
  skipBytes: z.number().int().min(0).max(16).default(0),
  /** The reader sends the least significant byte first. */
  reversed: z.boolean().default(false),
  number: BadgeNumber.default({ form: 'text' }),
  /** Holding the same card to the reader is one read. It counts again after it was away this long. */
  repeatSeconds: z.number().min(0.5).max(30).default(3),
  /** Only for a reader that sends continuously: after a longer silence its port is reopened and the silence reported. */
  silenceSeconds: z.number().int().min(2).max(3600).optional(),
});
export type Reader = z.infer<typeof Reader>;

export const Gps = Line.extend({
  /** `none`: the receiver only confirms the clock; check-ins get no place. */
  positions: z.enum(['record', 'none']).default('record'),
  /** An older fix is not used as a place, s. */
  staleSeconds: z.number().int().min(2).max(120).default(10),
  minSatellites: z.number().int().min(3).max(20).default(4),
  /** Horizontal dilution of precision. A fix with a larger one is too inaccurate. */
  maxHdop: z.number().min(1).max(20).default(5),
  /** A stationary kiosk has no speed. Raise it if the kiosk is in a vehicle. */
  maxSpeedKmh: z.number().min(5).max(300).default(20),
  /** After a longer silence the port is reopened and the silence reported, s. */
  silenceSeconds: z.number().int().min(2).max(300).default(10),
});
export type Gps = z.infer<typeof Gps>;

const Command = z.string().regex(/^([0-9a-fA-F]{2}){1,32}$/, 'must be pairs of hexadecimal digits');

export const RelayProtocol = z.discriminatedUnion('kind', [
  /** USB relay boards with a CH340 (LCUS-1 and similar): A0, channel, 01 or 00, sum. */
  z.strictObject({ kind: z.literal('lcus'), channel: z.number().int().min(1).max(16).default(1) }),
  /** An output line of the port switches the relay. It drops automatically when the port is closed or the program dies. */
  z.strictObject({ kind: z.literal('line'), line: z.enum(['rts', 'dtr']), inverted: z.boolean().default(false) }),
  /** Any other board with one command for on and one for off. */
  z.strictObject({ kind: z.literal('bytes'), on: Command, off: Command }),
]);
export type RelayProtocol = z.infer<typeof RelayProtocol>;

/** Check-in methods after which the door opens. A face alone is up to `faceAlone`; so is `number+face` unless listed here. */
const OpenFor = Method.exclude(['face']);

export const Door = Line.extend({
  protocol: RelayProtocol,
  pulseSeconds: z.number().min(0.2).max(30).default(3),
  /** `fail-secure`: current opens the door, no current locks it. `fail-safe`: current locks it, no current opens it. */
  mode: z.enum(['fail-secure', 'fail-safe']),
  directions: z
    .array(z.enum(['in', 'out']))
    .min(1)
    .default(['in', 'out']),
  openFor: z.array(OpenFor).default(['number+pin', 'qr', 'qr+face', 'badge', 'badge+face', 'manual']),
  /**
   * Whether the door opens for a face alone, or a face with a number: a picture may pass for a face, and a number is no secret.
   * `with-liveness`: only after a passed challenge.
   */
  faceAlone: z.enum(['never', 'with-liveness', 'always']).default('never'),
});
export type Door = z.infer<typeof Door>;

const portText = (port: PortChoice): string =>
  typeof port === 'string' ? port : `${port.vendorId}:${port.productId}:${port.serialNumber ?? ''}`.toLowerCase();

export const Devices = z
  .strictObject({
    readers: z.array(Reader).max(4).default([]),
    gps: Gps.optional(),
    door: Door.optional(),
  })
  .superRefine(({ readers, gps, door }, context) => {
    const twice = (values: readonly { at: (string | number)[]; value: string }[], what: string) => {
      const seen = new Set<string>();
      for (const { at, value } of values) {
        if (seen.has(value)) context.addIssue({ code: 'custom', path: at, message: `${what} ${value} is named twice` });
        seen.add(value);
      }
    };
    twice(
      readers.map(({ name }, i) => ({ at: ['readers', i, 'name'], value: name })),
      'reader',
    );
    twice(
      [
        ...readers.map(({ port }, i) => ({ at: ['readers', i, 'port'], value: portText(port) })),
        ...(gps ? [{ at: ['gps', 'port'], value: portText(gps.port) }] : []),
        ...(door ? [{ at: ['door', 'port'], value: portText(door.port) }] : []),
      ],
      'port',
    );
    readers.forEach((reader, i) => {
      const issue = (field: string, message: string) =>
        context.addIssue({ code: 'custom', path: ['readers', i, field], message });
      if (reader.encoding === 'decimal' && reader.checksum?.over === 'value')
        issue('checksum', 'decimal digits can’t have a checksum over bytes; use over: frame, or leave it out');
      if (reader.number.form === 'wiegand' && reader.number.facilityBits + reader.number.numberBits > 62)
        issue('number', 'facility and number have at most 62 bits together');
    });
  });
export type Devices = z.infer<typeof Devices>;

/**
 * Messages of the Internet Printing Protocol (RFC 8010 §3.1), only as far as needed to query a print service's state: no
 * documents and no collections.
 */

type IppValue = string | number | boolean | null;
export type IppAttributes = ReadonlyMap<string, readonly IppValue[]>;

export interface IppAnswer {
  readonly status: number;
  /** In order: operation, then one for each printer or job. */
  readonly groups: readonly { readonly tag: number; readonly attributes: IppAttributes }[];
}

export const GROUP = { operation: 0x01, job: 0x02, end: 0x03, printer: 0x04 } as const;
const TAGS = {
  integer: 0x21,
  boolean: 0x22,
  enum: 0x23,
  name: 0x42,
  keyword: 0x44,
  uri: 0x45,
  charset: 0x47,
  language: 0x48,
};
type Tag = keyof Pick<typeof TAGS, 'integer' | 'name' | 'keyword' | 'uri'>;
export type IppRequest = readonly (readonly [Tag, string, ...(readonly (string | number)[])])[];

/** @param operation its code, e.g. 0x000A for Get-Jobs */
export function encodeIpp(operation: number, request: IppRequest): Buffer {
  const parts: Buffer[] = [Buffer.from([2, 0, operation >> 8, operation & 0xff, 0, 0, 0, 1, GROUP.operation])];
  const add = (tag: number, name: string, value: string | number): void => {
    const bytes = typeof value === 'string' ? Buffer.from(value) : int32(value);
    parts.push(Buffer.from([tag]), uint16(name.length), Buffer.from(name), uint16(bytes.length), bytes);
  };
  add(TAGS.charset, 'attributes-charset', 'utf-8');
  add(TAGS.language, 'attributes-natural-language', 'en');
  for (const [tag, name, ...values] of request)
    for (const [n, value] of values.entries()) add(TAGS[tag], n === 0 ? name : '', value);
  parts.push(Buffer.from([GROUP.end]));
  return Buffer.concat(parts);
}

/** @throws RangeError if the message ends too early */
export function decodeIpp(message: Buffer): IppAnswer {
  const groups: { tag: number; attributes: Map<string, IppValue[]> }[] = [];
  const status = message.readUInt16BE(2);
  let at = 8;
  let values: IppValue[] = [];
  for (;;) {
    const tag = message.readUInt8(at++);
    if (tag === GROUP.end) return { status, groups };
    if (tag < 0x10) {
      groups.push({ tag, attributes: new Map() });
      continue;
    }
    const name = take();
    const value = take();
    // An attribute without a name is a further value of the previous one.
    if (name.length > 0) {
      values = [];
      groups.at(-1)?.attributes.set(name.toString(), values);
    }
    values.push(readValue(tag, value));
  }

  function take(): Buffer {
    const length = message.readUInt16BE(at);
    at += 2 + length;
    if (at > message.length) throw new RangeError('the message ends within an attribute');
    return message.subarray(at - length, at);
  }
}

function readValue(tag: number, bytes: Buffer): IppValue {
  if (tag === TAGS.integer || tag === TAGS.enum) return bytes.readInt32BE(0);
  if (tag === TAGS.boolean) return bytes.readUInt8(0) !== 0;
  return tag >= 0x41 && tag <= 0x49 ? bytes.toString() : null;
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

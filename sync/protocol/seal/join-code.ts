import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { Problem } from '../../errors/problem.ts';
import { base32, fromBase32 } from './base32.ts';
import { PIN_BYTES } from './fingerprint.ts';

/**
 * The one-time code that an administrator takes from the server to a new kiosk: 80 random bits, the pin of the server's CA, and
 * the server's address. Written in Crockford's Base32 in groups of five for typing, and small enough for a QR code.
 *
 * Bytes: format (1) ‖ secret (10) ‖ pin (12) ‖ port (2, big-endian) ‖ kind of address (1) ‖ address ‖ check (2). The check,
 * SHA-256 truncated to 16 bits, detects typing errors before anything is sent.
 */
export interface JoinCode {
  /** https://host:port of the listener for devices. */
  readonly url: string;
  /** 80 random bits. */
  readonly secret: Buffer;
  /** See caPin. */
  readonly pin: Buffer;
}

export const SECRET_BYTES = 10;
const FORMAT = 1;
const CHECK_BYTES = 2;
const ADDRESS_AT = 1 + SECRET_BYTES + PIN_BYTES + 2;
const NAME = 0;
const IPV4 = 4;
const IPV6 = 6;

/** @throws Problem `bad-server-address` */
export function writeJoinCode({ url, secret, pin }: JoinCode): string {
  const { hostname, port, protocol, pathname } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  if (protocol !== 'https:' || pathname !== '/' || host.length > 200) throw new Problem('bad-server-address', { url });
  const tail = Buffer.alloc(2);
  tail.writeUInt16BE(Number(port || 443));
  const content = Buffer.concat([Buffer.from([FORMAT]), secret, pin, tail, addressBytes(host)]);
  return base32(Buffer.concat([content, check(content)]))
    .match(/.{1,5}/g)!
    .join('-');
}

/**
 * Reads a code as typed: any case, spaces and dashes anywhere, O for 0, I and L for 1.
 *
 * @throws Problem `join-code-mistyped`, `join-code-newer`
 */
export function readJoinCode(text: string): JoinCode {
  const bytes = fromBase32(text);
  const content = bytes?.subarray(0, -CHECK_BYTES);
  if (!bytes || !content || content.length <= ADDRESS_AT + 1 || !check(content).equals(bytes.subarray(-CHECK_BYTES)))
    throw new Problem('join-code-mistyped');
  if (content[0] !== FORMAT) throw new Problem('join-code-newer');
  const host = addressText(content.subarray(ADDRESS_AT));
  const port = content.readUInt16BE(ADDRESS_AT - 2);
  return {
    url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    secret: Buffer.from(content.subarray(1, 1 + SECRET_BYTES)),
    pin: Buffer.from(content.subarray(1 + SECRET_BYTES, 1 + SECRET_BYTES + PIN_BYTES)),
  };
}

function addressBytes(host: string): Buffer {
  if (isIP(host) === 4) return Buffer.from([IPV4, ...host.split('.').map(Number)]);
  if (isIP(host) === 6) {
    // URL has normalised it: at most one '::', and only hexadecimal groups.
    const [head = '', rest] = host.split('::');
    const groups = (part: string | undefined) => (part ? part.split(':').map((w) => Number.parseInt(w, 16)) : []);
    const [left, right] = [groups(head), groups(rest)];
    const all = [...left, ...new Array(8 - left.length - right.length).fill(0), ...right];
    return Buffer.from([IPV6, ...all.flatMap((w) => [w >> 8, w & 0xff])]);
  }
  return Buffer.from([NAME, ...Buffer.from(host, 'ascii')]);
}

function addressText(bytes: Buffer): string {
  const rest = bytes.subarray(1);
  if (bytes[0] === IPV4 && rest.length === 4) return rest.join('.');
  if (bytes[0] === IPV6 && rest.length === 16)
    return Array.from({ length: 8 }, (_, i) => rest.readUInt16BE(2 * i).toString(16)).join(':');
  const name = rest.toString('latin1');
  if (bytes[0] === NAME && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name)) return name;
  throw new Problem('join-code-mistyped');
}

function check(content: Uint8Array): Buffer {
  return createHash('sha256').update(content).digest().subarray(0, CHECK_BYTES);
}

import type { Checksum } from '../config.ts';

/** Returns the size of a checksum, bytes. */
export const checksumBytes = ({ kind }: Pick<Checksum, 'kind'>): 1 | 2 => (kind === 'crc16' ? 2 : 1);

/** CRC-16/MODBUS: reflected polynomial 0xA001, initial value 0xFFFF. */
function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
}

/** Returns the checksum of these bytes as it is appended to them. */
export function checksumOf(kind: Checksum['kind'], bytes: Uint8Array): Uint8Array {
  if (kind === 'crc16') {
    const crc = crc16(bytes);
    return Uint8Array.of(crc & 0xff, crc >> 8);
  }
  const sum = bytes.reduce((total, byte) => (kind === 'xor' ? total ^ byte : (total + byte) & 0xff), 0);
  return Uint8Array.of(kind === 'lrc' ? -sum & 0xff : sum);
}

import { hash } from 'node:crypto';
import { v7 } from 'uuid';
import { Problem } from '../../../sync/errors/problem.ts';
import { canonicalText as canonical } from '../../../sync/protocol/seal/canonical.ts';
import { EVENT_VERSION, type EventHeader } from '../../../sync/protocol/wire/event.ts';
import type { Random } from '../keys/envelope.ts';

/**
 * Pure parts of making an event: ids, canonical text, hashes. The check-in is the hot path, so the fixed part of a header is
 * assembled here by hand; a property test checks that it equals RFC 8785.
 */

/** Returns the canonical JSON (RFC 8785) of a value, as text. @throws Problem `not-canonical` */
export function canonicalText(value: unknown): string {
  let text: string | undefined;
  try {
    text = canonical(value);
  } catch (cause) {
    throw new Problem('not-canonical', { cause });
  }
  if (text === undefined) throw new Problem('not-canonical');
  return text;
}

/** Parts of a header. `open` and the commitments are already canonical. */
export interface HeaderParts {
  readonly id: string;
  readonly device: string;
  readonly epoch: string;
  readonly seq: number;
  readonly utc: string;
  readonly monotonic: number;
  readonly bootId: string;
  readonly offset: number;
  readonly type: string;
  readonly openText: string;
  /** Field names, sorted by UTF-16 code units, and their commitments in the same order. */
  readonly fields: readonly string[];
  readonly commitments: readonly string[];
  readonly prev: string;
}

/** Returns the header's RFC 8785 text. Keys are written in sorted order. Numbers print as in ECMAScript, which is JCS. */
export function headerText(p: HeaderParts): string {
  let commitments = '';
  for (let i = 0; i < p.fields.length; i++) commitments += `${i ? ',' : ''}"${p.fields[i]}":"${p.commitments[i]}"`;
  return (
    `{"at":{"bootId":${JSON.stringify(p.bootId)},"monotonic":${p.monotonic},"offset":${p.offset},"utc":"${p.utc}"},` +
    `"commitments":{${commitments}},"device":"${p.device}","epoch":"${p.epoch}","id":"${p.id}","open":${p.openText},` +
    `"prev":"${p.prev}","seq":${p.seq},"type":"${p.type}","v":${EVENT_VERSION}}`
  );
}

export function headerOf(p: HeaderParts): EventHeader {
  const commitments: Record<string, string> = {};
  p.fields.forEach((field, i) => {
    commitments[field] = p.commitments[i]!;
  });
  return {
    v: EVENT_VERSION,
    id: p.id,
    device: p.device,
    epoch: p.epoch,
    seq: p.seq,
    at: { utc: p.utc, monotonic: p.monotonic, bootId: p.bootId, offset: p.offset },
    type: p.type as EventHeader['type'],
    open: JSON.parse(p.openText) as Record<string, unknown>,
    commitments,
    prev: p.prev,
  };
}

/** Formats RFC 3339 instants with ms; reformats the prefix only when the second changes. */
export class Instants {
  #second = Number.NaN;
  #prefix = '';

  text(ms: number): string {
    const second = Math.floor(ms / 1000);
    if (second !== this.#second) {
      this.#prefix = new Date(second * 1000).toISOString().slice(0, -4);
      this.#second = second;
    }
    return `${this.#prefix}${String(ms - second * 1000).padStart(3, '0')}Z`;
  }
}

export function sha256(text: string | Uint8Array): string {
  return hash('sha256', text, 'base64url');
}

/** Returns SHA-256(salt ‖ JCS(value)) from the salt's bytes: like `commit` in chain.ts, without decoding the salt again. */
export function commitment(salt: Uint8Array, canonical: string): string {
  const bytes = Buffer.allocUnsafe(16 + Buffer.byteLength(canonical));
  bytes.set(salt);
  bytes.write(canonical, 16, 'utf8');
  return hash('sha256', bytes, 'base64url');
}

export function uuidText(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export function uuidBytes(text: string): Buffer {
  return Buffer.from(text.replaceAll('-', ''), 'hex');
}

/**
 * Returns a UUIDv7 with a 32-bit counter in its random part (RFC 9562, 6.2 method 1): 48 bits of ms, the counter's upper 12 bits,
 * its lower 20 bits, 42 random bits. The counter is the event's number in the store when the id was made, so an event is found by
 * its id without an index, which would cost each check-in another encrypted page.
 */
export function uuidV7(ms: number, counter: number, random: Random): Buffer {
  const msecs = Math.max(0, Math.floor(ms)) % 2 ** 48;
  return v7({ msecs, seq: counter, random: random(16) }, Buffer.allocUnsafe(16));
}

/** Returns the counter of an id made by uuidV7; an arbitrary number for any other UUID. */
export function counterOf(id: Uint8Array): number {
  return (id[6]! & 0x0f) * 2 ** 28 + id[7]! * 2 ** 20 + (id[8]! & 0x3f) * 2 ** 14 + id[9]! * 2 ** 6 + (id[10]! >>> 2);
}

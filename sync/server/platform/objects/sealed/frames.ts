import { z } from 'zod';
import { Problem } from '../../../../errors/problem.ts';

/**
 * The plaintext of a backup's stream, before compression and encryption. A frame is kind (1 byte) ‖ length (4, big-endian) ‖
 * JSON. The order is `head`, then `table`, any number of `rows` and `tableEnd` for each table, and finally `end`.
 */

const Column = z.strictObject({ name: z.string(), type: z.string() });
const Head = z.object({
  /** Version of this format. */
  format: z.literal(1),
  id: z.string(),
  /** When its snapshot was taken. */
  at: z.iso.datetime(),
  migrations: z.array(z.string()),
  /** Version of the environment keys that its envelopes are under. */
  keyVersion: z.number().int().positive(),
  partitions: z.array(z.object({ parent: z.string(), schema: z.string(), name: z.string(), bound: z.string() })),
});
const TableHead = z.object({ schema: z.string(), name: z.string(), columns: z.array(Column).min(1) });
const TableEnd = z.object({ rows: z.number().int().nonnegative() });
const Sequence = z.object({ schema: z.string(), name: z.string(), last: z.string().nullable() });
const End = z.object({ tables: z.number().int(), rows: z.number().int(), sequences: z.array(Sequence) });

export type Head = z.infer<typeof Head>;
export type TableHead = z.infer<typeof TableHead>;
export type End = z.infer<typeof End>;

export type Frame =
  | { readonly kind: 'head'; readonly value: Head }
  | { readonly kind: 'table'; readonly value: TableHead }
  /** Rows in PostgreSQL's text form of composite values, which is exact for every type. */
  | { readonly kind: 'rows'; readonly value: readonly string[] }
  | { readonly kind: 'tableEnd'; readonly value: z.infer<typeof TableEnd> }
  | { readonly kind: 'end'; readonly value: End };

const KINDS = ['head', 'table', 'rows', 'tableEnd', 'end'] as const;
const SHAPES = { head: Head, table: TableHead, rows: z.array(z.string()), tableEnd: TableEnd, end: End };
const PREFIX = 5;
/** Longest frame that a reader accepts, in bytes. The writer's pages are about one MiB, but a single row may be larger. */
const LONGEST = 256 * 1024 * 1024;

export function frameBytes(frame: Frame): Buffer {
  const payload = Buffer.from(JSON.stringify(frame.value), 'utf8');
  const bytes = Buffer.allocUnsafe(PREFIX + payload.length);
  bytes.writeUInt8(KINDS.indexOf(frame.kind) + 1, 0);
  bytes.writeUInt32BE(payload.length, 1);
  payload.copy(bytes, PREFIX);
  return bytes;
}

/** Parses a stream into frames. @throws Problem `backup-malformed`: not in this format, or truncated */
export async function* readFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  let held: Uint8Array[] = [];
  let length = 0;
  let needed = PREFIX;
  for await (const piece of source) {
    held.push(piece);
    length += piece.length;
    if (length < needed) continue;
    let bytes = Buffer.concat(held);
    for (;;) {
      needed = bytes.length < PREFIX ? PREFIX : PREFIX + bytes.readUInt32BE(1);
      if (needed > LONGEST) throw malformed('a frame is too long');
      if (bytes.length < needed) break;
      yield parsed(bytes.readUInt8(0), bytes.subarray(PREFIX, needed));
      bytes = bytes.subarray(needed);
    }
    held = [bytes];
    length = bytes.length;
  }
  if (length > 0) throw malformed('it ends inside a frame');
}

function parsed(number: number, payload: Buffer): Frame {
  const kind = KINDS[number - 1];
  if (!kind) throw malformed(`frame ${number} is of no known kind`);
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'));
    // The reader checks pages of rows itself: validating millions of strings with a schema would cost more than the rest.
    return { kind, value: kind === 'rows' ? value : SHAPES[kind].parse(value) } as Frame;
  } catch (cause) {
    throw malformed(`a ${kind} frame can’t be read`, cause);
  }
}

export const malformed = (why: string, cause?: unknown): Problem =>
  new Problem('backup-malformed', { reason: why, cause });

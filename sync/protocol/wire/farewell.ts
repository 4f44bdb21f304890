import { z } from 'zod';
import { deviceHeader, Ed25519PublicJwk, sealedSize } from './batch.ts';
import { Instant, Uuid } from './event.ts';

/**
 * What a kiosk says outside of its log of events. `logs`: what a command asked for, its own redacted log or the picture of its
 * screen. `farewell`: the last
 * word of a kiosk that has destroyed everything, its log and its keys included, so that no event can report it.
 */

export const LOGS_TYP = { logs: 'sp-logs+jws', sealed: 'sp-logs+jwe' } as const;
export const LOGS_PATH = '/v1/logs';
/** Largest padded plaintext, a bucket; and with it the largest upload, characters: under 256 KiB. */
export const MAX_LOGS_PLAIN = 128 * 1024;
export const MAX_LOGS_BYTES = sealedSize(MAX_LOGS_PLAIN);
/** Most characters of `gz`: what is left of the bucket once it is signed. */
export const MAX_LOGS_GZ = 96_000;
/** Most bytes that may come out of it: a small file that grows without end is refused. */
export const MAX_LOGS_TEXT = 4 * 1024 * 1024;
/** Largest picture of a screen, bytes of JPEG: with gzip around it, it has room in `gz`. */
export const MAX_PICTURE_BYTES = 70_000;

/** A line of the log, as the kiosk writes it: a sentence in English, and what it is about by name. */
export const LogLine = z.object({
  at: Instant,
  level: z.string(),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()).optional(),
});
export type LogLine = z.infer<typeof LogLine>;

export const LogsHeader = deviceHeader(LOGS_TYP.logs);
export type LogsHeader = z.infer<typeof LogsHeader>;
export const Logs = z.strictObject({
  /** The command that asked for them. */
  command: Uuid,
  /** Of `logs` lines of JSON, newest last; of `watch` a JPEG; gzip (RFC 1952), base64. */
  gz: z.base64().max(MAX_LOGS_GZ),
});
export type Logs = z.infer<typeof Logs>;

export const FAREWELL_TYP = 'sp-farewell+jws';
export const FAREWELL_PATH = '/v1/farewell';
/** Largest signed farewell, bytes. */
export const MAX_FAREWELL_BYTES = 2048;
export const FarewellHeader = deviceHeader(FAREWELL_TYP);
export type FarewellHeader = z.infer<typeof FarewellHeader>;
/**
 * Signed by the device's own key, held in memory to the last; or, where the kiosk was switched off in between, by the key
 * whose thumbprint its event `command` (`started`, `code`) has named, which opens nothing and signs nothing else.
 */
export const Farewell = z.strictObject({
  command: Uuid,
  what: z.enum(['wipe', 'decommission']),
  /** Present: not the device's own key. */
  key: Ed25519PublicJwk.nullable(),
});
export type Farewell = z.infer<typeof Farewell>;

import { z } from 'zod';
import { deviceHeader, Ed25519PublicJwk, sealedSize } from './batch.ts';
import { Instant, Uuid } from './event.ts';

/**
 * What a kiosk sends outside its event log. `logs`: the answer to a command, its redacted log or a picture of its screen.
 * `farewell`: the last message of a kiosk that has destroyed everything, including its event log and keys, so no event can report
 * it.
 */

export const LOGS_TYP = { logs: 'sp-logs+jws', sealed: 'sp-logs+jwe' } as const;
export const LOGS_PATH = '/v1/logs';
/** Largest padded plaintext (a padding bucket), and the largest upload that follows from it, characters: under 256 KiB. */
export const MAX_LOGS_PLAIN = 128 * 1024;
export const MAX_LOGS_BYTES = sealedSize(MAX_LOGS_PLAIN);
/** Maximum length of `gz`, characters: what fits into the bucket once it is signed. */
export const MAX_LOGS_GZ = 96_000;
/** Maximum size of its contents, bytes. Protects against decompression bombs. */
export const MAX_LOGS_TEXT = 4 * 1024 * 1024;
/** Largest picture of a screen, bytes of JPEG. It fits into `gz` after gzip and base64. */
export const MAX_PICTURE_BYTES = 70_000;

/** A line of the kiosk's log: an English sentence and named details. */
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
  /** Id of the command that requested them. */
  command: Uuid,
  /** For `logs`, lines of JSON, newest last; for `watch`, a JPEG. Compressed with gzip (RFC 1952), in base64. */
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
 * Signed by the device's own key, kept in memory to the end. If the kiosk was switched off in between, it is signed by the key
 * whose thumbprint the `started` event of the command names in `code`. That key opens nothing and signs nothing else.
 */
export const Farewell = z.strictObject({
  command: Uuid,
  what: z.enum(['wipe', 'decommission']),
  /** Null: signed by the device's own key. */
  key: Ed25519PublicJwk.nullable(),
});
export type Farewell = z.infer<typeof Farewell>;

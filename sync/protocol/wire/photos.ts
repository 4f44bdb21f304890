import { z } from 'zod';

/**
 * Photos: ciphertext from the kiosk, named by its SHA-256 (unpadded base64url) and uploaded over HTTPS after the event that names
 * it. `GET /v1/photos/:address` returns how much the server has; `PUT /v1/photos/:address?offset=&total=` appends the next piece.
 * Both answer with a PhotoState.
 */
export const photoPath = (address: string) => `/v1/photos/${address}`;

/** Largest photo, bytes of ciphertext. */
export const MAX_PHOTO_BYTES = 4 * 1024 * 1024;
/** Largest piece, bytes. */
export const MAX_PIECE_BYTES = 256 * 1024;

export const PhotoAddress = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

export const PhotoState = z.strictObject({
  /** Bytes received so far from the start, which is the offset to continue at. */
  received: z.number().int().nonnegative(),
  /** All bytes have arrived, and their hash matches the name. */
  complete: z.boolean(),
});
export type PhotoState = z.infer<typeof PhotoState>;

/** Position of a piece. */
export const PieceQuery = z.strictObject({
  offset: z.coerce.number().int().min(0).max(MAX_PHOTO_BYTES),
  total: z.coerce.number().int().min(1).max(MAX_PHOTO_BYTES),
});

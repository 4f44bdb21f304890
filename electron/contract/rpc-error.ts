import { z } from 'zod';

/** An error as it crosses the line: only what a screen may know. */
export const WireError = z.strictObject({
  code: z.string().regex(/^[a-z0-9-]{1,60}$/),
  message: z.string().max(2_000),
  nextStep: z.string().max(2_000),
  /** Values for the screen's own message, e.g. the name for `duplicate-face`. */
  params: z.record(z.string().max(40), z.union([z.string().max(400), z.number(), z.boolean()])),
});
export type WireError = z.infer<typeof WireError>;

/** The error that a call is rejected with. RPC_CODES are those of the connection itself; all others come from the core. */
export class RpcError extends Error {
  readonly code: string;
  readonly nextStep: string;
  readonly params: WireError['params'];

  constructor(error: WireError, options?: ErrorOptions) {
    super(error.message, options);
    this.name = 'RpcError';
    this.code = error.code;
    this.nextStep = error.nextStep;
    this.params = error.params;
  }
}

/** The codes of the connection itself, with their messages. */
const RPC_CODES = {
  'rpc-unknown-method': ['This method does not exist.', 'Reload the screen: its version may differ from the core’s.'],
  'rpc-bad-request': [
    'The request does not have the expected format.',
    'Correct what was entered, or reload the screen.',
  ],
  'rpc-bad-response': [
    'The answer does not have the expected format.',
    'Reload the screen: its version may differ from the core’s.',
  ],
  'rpc-busy': ['Too many requests at once.', 'Wait a moment.'],
  'rpc-timeout': ['The core did not answer in time.', 'Wait a moment; the kiosk restarts its core by itself.'],
  'rpc-closed': ['The connection to the core was lost.', 'Wait a moment; the screen reconnects by itself.'],
  internal: [
    'Something went wrong inside the kiosk.',
    'Try again. If it keeps happening, report it with the time from the screen.',
  ],
} as const;
export type RpcCode = keyof typeof RPC_CODES;

/** Returns the wire form of one of the connection's own codes. */
export function wireError(code: RpcCode, params: WireError['params'] = {}): WireError {
  const [message, nextStep] = RPC_CODES[code];
  return { code, message, nextStep, params };
}

/** Shortens a long message, so that part of it is shown instead of nothing. */
const clipped = (value: unknown, length: number): unknown =>
  typeof value === 'string' ? value.slice(0, length) : value;

/**
 * Returns the part of a thrown value that may be sent to a screen: a Problem (from any folder, recognised by its shape, since a
 * peer may be another build) with its message; anything else as `internal`, without details.
 */
export function toWireError(error: unknown): WireError {
  if (error instanceof Error && 'code' in error && 'nextStep' in error) {
    const params = 'params' in error ? Object.entries(error.params ?? {}) : [];
    const parsed = WireError.safeParse({
      code: error.code,
      message: clipped(error.message, 2_000),
      nextStep: clipped(error.nextStep, 2_000),
      params: Object.fromEntries(params.map(([name, value]) => [name, clipped(value, 400)])),
    });
    if (parsed.success) return parsed.data;
  }
  return wireError('internal');
}

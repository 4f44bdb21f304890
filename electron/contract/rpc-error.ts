import { z } from 'zod';

/** An error as it crosses the line: what a screen may know, and no more. */
export const WireError = z.strictObject({
  code: z.string().regex(/^[a-z0-9-]{1,60}$/),
  message: z.string().max(2_000),
  nextStep: z.string().max(2_000),
  /** Values for the screen's own sentence, e.g. the name behind `duplicate-face`. */
  params: z.record(z.string().max(40), z.union([z.string().max(400), z.number(), z.boolean()])),
});
export type WireError = z.infer<typeof WireError>;

/** What a call is rejected with. RPC_CODES are those of the connection itself; all others come from the core. */
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

/** The codes that the line itself gives, with their sentences. */
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

/** The wire form of one of the line's own codes. */
export function wireError(code: RpcCode, params: WireError['params'] = {}): WireError {
  const [message, nextStep] = RPC_CODES[code];
  return { code, message, nextStep, params };
}

/** A long sentence is shown in part rather than not at all. */
const clipped = (value: unknown, length: number): unknown =>
  typeof value === 'string' ? value.slice(0, length) : value;

/**
 * What of a thrown value may cross to a screen: a Problem (of any folder: known by its shape, since a peer may be
 * of another build) with its sentence; anything else as `internal`, without a word of detail.
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

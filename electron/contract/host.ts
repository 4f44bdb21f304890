import { z } from 'zod';

/**
 * The messages between a host process and its core process, over the child's own channel (Node IPC, or Electron's parentPort).
 * None of them ever comes from a page. The device secret is sent here because other processes can read argv and the environment
 * through /proc.
 */

const Code = z.string().regex(/^[a-z0-9-]{1,60}$/);

/** Why a kiosk should stop and start again. */
const EndReason = z.enum(['update', 'server-asked', 'technician-asked']);
export type EndReason = z.infer<typeof EndReason>;

const Start = z.strictObject({
  type: z.literal('start'),
  home: z.string().min(1),
  /** 32 bytes, base64; null if the secret is in a 0600 file in `home`. */
  deviceSecret: z.base64().length(44).nullable(),
  demo: z.boolean(),
  /** For an installed kiosk, whose launcher starts one of its builds. Null: run from source or from a plain folder. */
  slots: z
    .strictObject({
      root: z.string().min(1),
      /** The build that should have run, if the launcher started this one in its place. */
      insteadOf: z.string().max(100).nullable(),
    })
    .nullable(),
  /** True: the host can stop the kiosk, and the launcher or service that started it will start it again. */
  mayEnd: z.boolean(),
});

/**
 * A screen is connecting; its handle is passed along with the message. In Electron that is a MessagePort. In the browser host it
 * is the raw socket of a WebSocket upgrade that the host has already checked, with what is needed to finish the handshake: the
 * request's headers and the bytes that were read past them.
 */
const Connect = z.strictObject({
  type: z.literal('connect'),
  upgrade: z
    .strictObject({ url: z.string().max(2_048), headers: z.record(z.string(), z.string()), head: z.base64() })
    .nullable(),
});

export const HostMessage = z.discriminatedUnion('type', [
  Start,
  Connect,
  /** Sent every few seconds. A core that does not answer in time is considered hung and is restarted. */
  z.strictObject({ type: z.literal('ping'), n: z.number().int() }),
  z.strictObject({ type: z.literal('stop') }),
]);
export type HostMessage = z.infer<typeof HostMessage>;

export const CoreMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready') }),
  /** The core can't run until someone acts: wrong key, store in use, altered models, … The process exits after this message. */
  z.strictObject({ type: z.literal('refused'), code: Code, message: z.string(), nextStep: z.string() }),
  /** The core exits now and wants to be restarted; this is not a crash. `browser`: restart the kiosk's browser too. */
  z.strictObject({ type: z.literal('restart'), browser: z.boolean() }),
  /** The whole kiosk, including the host, should stop so that its launcher restarts it, with another build or the same one. */
  z.strictObject({ type: z.literal('end'), why: EndReason }),
  /** Long work blocks the core, which answers no pings until it reports that it is no longer busy. */
  z.strictObject({ type: z.literal('busy'), busy: z.boolean() }),
  /** `screens`: how many screens hold a connection. */
  z.strictObject({ type: z.literal('pong'), n: z.number().int(), screens: z.number().int() }),
  z.strictObject({
    type: z.literal('log'),
    level: z.enum(['debug', 'info', 'warn', 'error']),
    message: z.string(),
    fields: z.record(z.string(), z.unknown()),
  }),
]);
export type CoreMessage = z.infer<typeof CoreMessage>;

/**
 * What a page may learn about the core while it has no connection (`GET /core-state`). `restarting`: the core exited and is being
 * restarted automatically. `refused`: someone has to act; starting is still retried from time to time.
 */
export const CoreState = z.strictObject({
  state: z.enum(['starting', 'ready', 'restarting', 'refused', 'stopped']),
  code: Code.nullable(),
  message: z.string(),
  nextStep: z.string(),
});
export type CoreState = z.infer<typeof CoreState>;

import { createBirpc } from 'birpc';
import { z } from 'zod';
import { type Channel, RefusedMessage } from './channel.ts';
import {
  type CoreClient,
  type CoreMethods,
  everyMethod,
  METHODS,
  type MethodName,
  SIGNALS,
  type Signal,
  type SignalName,
} from './methods.ts';
import { type RpcCode, RpcError, toWireError, WireError, wireError } from './rpc-error.ts';

/** Writes one line to a log. Values of requests (PINs, names, pictures) are never logged. */
export type RpcLog = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: Record<string, unknown>,
) => void;

/** birpc's own messages, with the limits that a peer has to keep. The body of a response is a result or an error of ours. */
const Request = z.strictObject({
  t: z.literal('q'),
  i: z.string().min(1).max(64),
  m: z.string().min(1).max(64),
  a: z.array(z.unknown()),
  o: z.boolean().optional(),
});
const Response = z.strictObject({ t: z.literal('s'), i: z.string().min(1).max(64), r: z.unknown() });
const SignalMessage = z.strictObject({
  t: z.literal('q'),
  m: z.literal('signal'),
  a: z.tuple([z.string(), z.unknown()]),
});
/** The result of a call. Errors are values here, so that no Error object (with its stack) is ever serialised. */
const Answer = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true), value: z.unknown() }),
  z.strictObject({ ok: z.literal(false), error: WireError }),
]);
type Answer = z.infer<typeof Answer>;

/** How many requests of one connection may run at the same time. */
const MAX_IN_FLIGHT = 32;

export interface RpcServer {
  /** Pushes a signal to this screen. One that does not match its schema is a defect: it is logged and not sent. */
  signal<S extends SignalName>(name: S, data: Signal<S>): void;
  close(): void;
  readonly closed: Promise<void>;
}

/**
 * Serves the core's methods on a channel. Every request and every result is parsed by its schema. A message with anything wrong
 * is answered with a code (or dropped, if it names no request to answer) and logged. Nothing that a peer sends can make this
 * function throw.
 */
export function serveCore(channel: Channel, methods: CoreMethods, options: { log: RpcLog }): RpcServer {
  const { log } = options;
  let refused = 0;
  let inFlight = 0;

  /** Logs the first twenty of a connection, then every power of two: a flood must not fill the disk. */
  const refuse = (code: string, fields: Record<string, unknown> = {}): void => {
    refused += 1;
    if (refused <= 20 || (refused & (refused - 1)) === 0)
      log('warn', 'rpc: refused', { code, count: refused, ...fields });
  };
  const no = (code: RpcCode, fields?: Record<string, unknown>, params?: WireError['params']): Answer => {
    refuse(code, fields);
    return { ok: false, error: wireError(code, params) };
  };

  async function dispatch(name: string, args: unknown[]): Promise<Answer> {
    if (!Object.hasOwn(METHODS, name)) return no('rpc-unknown-method', { method: printable(name) });
    const method = name as MethodName;
    if (args.length !== 1) return no('rpc-bad-request', { method, arguments: args.length });
    if (inFlight >= MAX_IN_FLIGHT) return no('rpc-busy', { method });
    inFlight += 1;
    try {
      const input = METHODS[method].input.safeParse(args[0]);
      if (!input.success) {
        const at = where(input.error);
        return no('rpc-bad-request', { method, at }, { at });
      }
      const result: unknown = await (methods[method] as (input: unknown) => Promise<unknown>)(input.data);
      const output = METHODS[method].output.safeParse(result);
      if (output.success) return { ok: true, value: output.data };
      log('error', 'rpc: the core gave a result of the wrong shape', { method, at: where(output.error) });
      return { ok: false, error: wireError('internal') };
    } catch (error) {
      const wire = toWireError(error);
      if (wire.code === 'internal') log('error', 'rpc: a method failed', { method, error });
      else log('info', 'rpc: a method refused', { method, code: wire.code });
      return { ok: false, error: wire };
    } finally {
      inFlight -= 1;
    }
  }

  const screen = createBirpc<Record<'signal', (name: string, data: unknown) => void>, object, false>(
    {},
    {
      proxify: false,
      post: (message) => channel.post(message),
      on: (receive) =>
        channel.on((message) => {
          if (message instanceof RefusedMessage) return refuse(message.code);
          const request = Request.safeParse(message);
          if (request.success) receive(request.data);
          else refuse('rpc-bad-envelope', { at: where(request.error) });
        }),
      // birpc looks names up in a plain object. Here every name, even an inherited one, is passed to `dispatch`.
      resolver:
        (name) =>
        (...args: unknown[]) =>
          dispatch(name, args),
      onGeneralError: (error) => {
        log('error', 'rpc: an answer could not be sent', { error });
        return true;
      },
    },
  );
  const closed = new Promise<void>((resolve) => channel.onClose(resolve));
  void closed.then(() => screen.$close());
  return {
    signal(name, data) {
      const parsed = SIGNALS[name].safeParse(data);
      if (!parsed.success) {
        log('error', 'rpc: a push of the wrong shape was not sent', { signal: name, at: where(parsed.error) });
        return;
      }
      if (screen.$closed) return;
      screen.$callEvent('signal', name, parsed.data).catch((error: unknown) => {
        log('error', 'rpc: a push could not be sent', { signal: name, error });
      });
    },
    close: () => channel.close(),
    closed,
  };
}

export interface RpcClient {
  /** Each method rejects with an RpcError and nothing else. */
  readonly client: CoreClient;
  /** Calls `listener` for each push of this name. Returns a function that stops this. */
  onSignal<S extends SignalName>(name: S, listener: (data: Signal<S>) => void): () => void;
  /** Resolves when the connection is closed; running calls are rejected with `rpc-closed`. */
  readonly closed: Promise<void>;
  close(): void;
}

/**
 * Connects a screen to the core at the other end of the channel. Messages in both directions are parsed here too, so a screen of
 * another version fails with a code and not with a half-filled object.
 *
 * @param options.timeout how long a call may take, ms
 */
export function connectClient(channel: Channel, options: { log?: RpcLog; timeout?: number } = {}): RpcClient {
  const { log = () => undefined, timeout = 30_000 } = options;
  const listeners = new Map<SignalName, Set<(data: never) => void>>();

  function onPush([name, data]: [string, unknown]): void {
    const known = Object.hasOwn(SIGNALS, name) ? (name as SignalName) : null;
    const parsed = known && SIGNALS[known].safeParse(data);
    if (!known || !parsed?.success) {
      log('warn', 'rpc: a push was not understood', {
        signal: printable(name),
        at: parsed?.error ? where(parsed.error) : null,
      });
      return;
    }
    for (const listener of listeners.get(known) ?? []) listener(parsed.data as never);
  }

  const core = createBirpc<Record<string, (input: unknown) => unknown>, object, false>(
    {},
    {
      proxify: false,
      timeout,
      post: (message) => channel.post(message),
      on: (receive) =>
        channel.on((message) => {
          const response = Response.safeParse(message);
          if (response.success) return receive(response.data);
          const push = SignalMessage.safeParse(message);
          if (push.success) onPush(push.data.a);
          else log('warn', 'rpc: a message of the core was not understood');
        }),
      onTimeoutError: () => {
        throw new RpcError(wireError('rpc-timeout'));
      },
    },
  );
  const closed = new Promise<void>((resolve) => channel.onClose(resolve));
  void closed.then(() => core.$close(new RpcError(wireError('rpc-closed'))));

  async function call(method: MethodName, input: unknown): Promise<unknown> {
    const parsed = METHODS[method].input.safeParse(input);
    if (!parsed.success) throw new RpcError(wireError('rpc-bad-request', { at: where(parsed.error) }));
    if (core.$closed) throw new RpcError(wireError('rpc-closed'));
    let raw: unknown;
    try {
      raw = await core.$call(method, parsed.data);
    } catch (error) {
      throw error instanceof RpcError ? error : new RpcError(wireError('rpc-closed'), { cause: error });
    }
    const answer = Answer.safeParse(raw);
    if (!answer.success) throw new RpcError(wireError('rpc-bad-response'));
    if (!answer.data.ok) throw new RpcError(answer.data.error);
    const value = METHODS[method].output.safeParse(answer.data.value);
    if (!value.success) throw new RpcError(wireError('rpc-bad-response', { at: where(value.error) }));
    return value.data;
  }

  return {
    client: everyMethod((method) => (input: unknown) => call(method, input)) as CoreClient,
    onSignal(name, listener) {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set);
      set.add(listener as (data: never) => void);
      return () => set.delete(listener as (data: never) => void);
    },
    closed,
    close: () => channel.close(),
  };
}

/** Returns where a value breaks its schema: paths and zod's codes, never the value itself (it may be a PIN). */
function where(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => `${printable(issue.path.join('.')) || '.'}: ${issue.code}`)
    .join(', ')
    .slice(0, 400);
}

/** Makes a peer's own text safe for a log line. */
const printable = (text: string): string => text.slice(0, 64).replace(/[^\w.-]/g, '?');

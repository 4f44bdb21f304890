import { MessageChannel } from 'node:worker_threads';
import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Problem } from '../../sync/errors/problem.ts';
import { PINS, STATUS, testMethods } from '../../test/hosts/support/test-core.ts';
import { type Channel, Inbox } from './channel.ts';
import { decodeMessage, encodeMessage } from './channel-codec.ts';
import { messagePortChannel } from './channel-port.ts';
import type { FaceFrame } from './frames.ts';
import { METHODS, type MethodName } from './methods.ts';
import { connectClient, serveCore } from './rpc.ts';
import { type RpcError, toWireError } from './rpc-error.ts';

/** A pair of channels over msgpack bytes in memory: what a WebSocket does, without the socket. */
function bytesPair(): { core: Channel; screen: Channel; toCore: (bytes: Uint8Array) => void; fromCore: unknown[] } {
  const inboxes = [new Inbox(), new Inbox()] as const;
  const fromCore: unknown[] = [];
  const end = (mine: Inbox, other: Inbox, seen: (m: unknown) => void): Channel => ({
    post(message) {
      const bytes = encodeMessage(message);
      queueMicrotask(() => {
        const decoded = decodeMessage(bytes);
        seen(decoded);
        other.deliver(decoded);
      });
    },
    on: (fn) => mine.on(fn),
    onClose: (fn) => mine.onClose(fn),
    close() {
      mine.end();
      other.end();
    },
  });
  return {
    core: end(inboxes[0], inboxes[1], (m) => fromCore.push(m)),
    screen: end(inboxes[1], inboxes[0], () => undefined),
    toCore: (bytes) => inboxes[0].deliver(decodeMessage(bytes)),
    fromCore,
  };
}

const logs: { level: string; message: string; fields: Record<string, unknown> }[] = [];
const log = (level: string, message: string, fields: Record<string, unknown> = {}): void =>
  void logs.push({ level, message, fields });
const opened: { close(): void }[] = [];
afterEach(() => {
  for (const channel of opened.splice(0)) channel.close();
  logs.length = 0;
});

function serve() {
  const pair = bytesPair();
  const server = serveCore(
    pair.core,
    testMethods(() => server.signal('status', STATUS)),
    { log },
  );
  opened.push(pair.core);
  return { ...pair, server };
}

function serveOnPorts() {
  const { port1, port2 } = new MessageChannel();
  const core = messagePortChannel(port1 as never);
  const server = serveCore(
    core,
    testMethods(() => server.signal('status', STATUS)),
    { log },
  );
  opened.push(core);
  return { port: port2, screen: messagePortChannel(port2 as never), server };
}

const frame: FaceFrame = {
  picture: { width: 16, height: 16, data: new Uint8Array(768).fill(51) },
  box: [1, 1, 5, 5],
  others: 0,
  takenAt: 1,
};
const visit = '01890a5d-ac96-774b-bcce-b302099a8057';
const failure = (call: Promise<unknown>): Promise<RpcError> =>
  call.then(
    () => Promise.reject(new Error('it succeeded')),
    (e) => e,
  );

describe.each([
  ['bytes', serve],
  ['ports', serveOnPorts],
] as const)('calls over %s', (_, open) => {
  it('carries a request with a picture, and its answer', async () => {
    const { client } = connectClient(open().screen);
    expect(await client.probe({ visit, frame })).toEqual({ kind: 'more', progress: 0.2 });
  });

  it('carries a Problem with code, message, next step and params', async () => {
    const { client } = connectClient(open().screen);
    const error = await failure(client.staffUnlock({ pin: PINS.refuses }));
    const { message, nextStep } = new Problem('pin-locked', { seconds: 30 });
    expect(error).toMatchObject({ code: 'pin-locked', message, nextStep, params: { seconds: 30 } });
  });

  it('carries any other error as `internal`, without its details, and logs them', async () => {
    const { client } = connectClient(open().screen);
    const error = await failure(client.staffUnlock({ pin: PINS.fails }));
    expect(error.code).toBe('internal');
    expect(JSON.stringify({ ...error, message: error.message })).not.toContain('secret');
    expect(logs.some((l) => l.level === 'error' && String(l.fields.error).includes('a secret path'))).toBe(true);
  });

  it('does not send a result of the wrong shape', async () => {
    const { client } = connectClient(open().screen);
    expect((await failure(client.staffUnlock({ pin: PINS.wrongShape }))).code).toBe('internal');
    expect(logs.some((l) => l.level === 'error' && l.fields.method === 'staffUnlock')).toBe(true);
  });

  it('pushes to the screen', async () => {
    const { client, onSignal } = connectClient(open().screen);
    const got = new Promise((resolve) => onSignal('status', resolve));
    await client.visitBegin({});
    expect(await got).toEqual(STATUS);
  });

  it('rejects running and later calls when the line closes', async () => {
    const { screen, server } = open();
    const { client, closed } = connectClient(screen);
    const call = failure(client.staffUnlock({ pin: PINS.waits }));
    // A later call was answered, so this one is running.
    await client.hello({});
    server.close();
    await closed;
    expect((await call).code).toBe('rpc-closed');
    expect((await failure(client.hello({}))).code).toBe('rpc-closed');
  });
});

describe('the boundary', () => {
  const request = (m: unknown, a: unknown, i: unknown = 'x'): unknown => ({ t: 'q', i, m, a });

  async function answerTo(message: unknown): Promise<unknown> {
    const { toCore, fromCore } = serve();
    toCore(encode(message));
    // Once the later request was answered, nothing more will arrive.
    toCore(encode(request('hello', [{}], 'after')));
    await expect.poll(() => fromCore).toContainEqual(expect.objectContaining({ i: 'after' }));
    const answers = (fromCore as { i: unknown; r: unknown }[]).filter(({ i }) => i !== 'after');
    return answers.length === 0 ? null : answers[0]!.r;
  }

  it.each([
    ['an unknown method', request('dropTables', [{}]), 'rpc-unknown-method'],
    ['a method name of Object’s prototype', request('constructor', [{}]), 'rpc-unknown-method'],
    ['the name __proto__', request('__proto__', [{}]), 'rpc-unknown-method'],
    ['the name toString', request('toString', [{}]), 'rpc-unknown-method'],
    ['birpc’s own name $call', request('$call', [{}]), 'rpc-unknown-method'],
    ['no argument', request('hello', []), 'rpc-bad-request'],
    ['two arguments', request('hello', [{}, {}]), 'rpc-bad-request'],
    ['an unknown key', request('hello', [{ admin: true }]), 'rpc-bad-request'],
    ['a key named constructor', request('hello', [{ constructor: {} }]), 'rpc-bad-request'],
    [
      'a picture of fewer bytes than its size',
      request('probe', [{ visit, frame: { ...frame, picture: { ...frame.picture, width: 640 } } }]),
      'rpc-bad-request',
    ],
    ['NaN in a box', request('probe', [{ visit, frame: { ...frame, box: [Number.NaN, 0, 1, 1] } }]), 'rpc-bad-request'],
    ['a string in place of an object', request('hello', ['{}']), 'rpc-bad-request'],
  ])('refuses %s with a code, and logs it', async (_, message, code) => {
    expect(await answerTo(message)).toMatchObject({ ok: false, error: { code } });
    expect(logs.filter((l) => l.level === 'warn')).toHaveLength(1);
    expect(logs[0]!.fields.code).toBe(code);
  });

  it.each([
    ['an unsolicited answer', { t: 's', i: 'x', r: 1 }],
    ['an envelope with an extra key', { t: 'q', i: 'x', m: 'hello', a: [{}], x: 1 }],
    ['a method name of 65 characters', request('m'.repeat(65), [{}])],
    ['arguments that are an object', request('hello', { 0: {}, length: 1 })],
    ['an id that is an object', request('hello', [{}], {})],
    ['no id', { t: 'q', m: 'hello', a: [{}] }],
    ['a bare number', 7],
    ['null', null],
  ])('drops %s, answers nothing, and logs it', async (_, message) => {
    expect(await answerTo(message)).toBeNull();
    expect(logs.filter((l) => l.level === 'warn')).toHaveLength(1);
  });

  it('never writes a value of a request into its log', async () => {
    await answerTo(request('staffUnlock', [{ pin: '98765432109876' }]));
    await answerTo(request('checkinByPin', [{ number: 'Müller', pin: '1234', extra: 'geheim' }]));
    expect(logs.length).toBeGreaterThan(0);
    expect(JSON.stringify(logs)).not.toMatch(/98765432|Müller|geheim|1234/);
  });

  it('lets no more than 32 calls run at once', async () => {
    const { client } = connectClient(serve().screen);
    const calls = Array.from({ length: 32 + 5 }, () => client.staffUnlock({ pin: PINS.waits }));
    const codes = (await Promise.allSettled(calls)).map((r) => (r.status === 'rejected' ? r.reason.code : 'ok'));
    expect(codes.filter((c) => c === 'rpc-busy')).toHaveLength(5);
    expect(await client.hello({})).toBeTruthy();
  });

  it('bounds its log under a flood', async () => {
    const { toCore } = serve();
    for (let i = 0; i < 5_000; i++) toCore(Uint8Array.of(0xc1));
    expect(logs.length).toBeLessThan(40);
  });

  it('rejects an answer of the wrong shape at the screen', async () => {
    const { screen, core } = bytesPair();
    core.on((message) =>
      core.post({ t: 's', i: (message as { i: string }).i, r: { ok: true, value: { visit: 'not an id' } } }),
    );
    expect((await failure(connectClient(screen).client.visitBegin({}))).code).toBe('rpc-bad-response');
    core.close();
  });

  it('gives up on a core that does not answer', async () => {
    const { screen, core } = bytesPair();
    expect((await failure(connectClient(screen, { timeout: 20 }).client.hello({}))).code).toBe('rpc-timeout');
    core.close();
  });
});

describe('the boundary under fuzzing', () => {
  const names = fc.oneof(
    fc.constantFrom(...(Object.keys(METHODS) as MethodName[])),
    fc.constantFrom('__proto__', 'constructor', 'hasOwnProperty', 'then', '$close', ''),
    fc.string(),
  );
  const argument = fc.oneof(
    fc.anything({
      withBigInt: false,
      withDate: false,
      withMap: false,
      withSet: false,
      withSparseArray: false,
      maxDepth: 4,
    }),
    fc.record({ visit: fc.constant(visit), frame: fc.anything({ maxDepth: 3 }) }),
    fc.record({ token: fc.string(), query: fc.string(), person: fc.string() }, { requiredKeys: [] }),
    fc.record({ pin: fc.string(), number: fc.string() }, { requiredKeys: [] }),
  );

  /** After everything sent to it, the core still answers a valid request. */
  async function lives(core: ReturnType<typeof serve>): Promise<void> {
    // Retry while it is busy with what was sent to it.
    const answer = () => {
      core.toCore(encode({ t: 'q', i: 'last', m: 'hello', a: [{}] }));
      return core.fromCore;
    };
    await expect
      .poll(answer, { timeout: 60_000 })
      .toContainEqual(expect.objectContaining({ i: 'last', r: expect.objectContaining({ ok: true }) }));
  }

  it('survives arbitrary bytes', async () => {
    const core = serve();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => core.toCore(bytes)),
      { numRuns: 3_000 },
    );
    await lives(core);
  });

  it('survives well-formed bytes of a request with parts flipped', async () => {
    const core = serve();
    const good = encode({ t: 'q', i: 'x', m: 'probe', a: [{ visit, frame }] });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }), (flips) => {
        const bytes = Uint8Array.from(good);
        for (const [at, value] of flips) bytes[at] = value;
        core.toCore(bytes);
      }),
      { numRuns: 2_000 },
    );
    await lives(core);
  });

  it('answers every arbitrarily shaped request with a result or a code of its own, over bytes', async () => {
    const core = serve();
    await fc.assert(
      fc.asyncProperty(names, argument, async (m, a) => {
        const bytes = tryEncode({ t: 'q', i: 'f', m, a: [a] });
        fc.pre(bytes !== null);
        core.fromCore.length = 0;
        core.toCore(bytes!);
        await new Promise((resolve) => setImmediate(resolve));
        for (const answer of core.fromCore as { t: string; r?: { ok: boolean; error?: { code: string } } }[]) {
          if (answer.t !== 's' || answer.r?.ok) continue;
          expect(answer.r?.error?.code).toMatch(/^(rpc-|pin-wrong$|duplicate-face$)/);
        }
      }),
      { numRuns: 1_000 },
    );
    expect(logs.filter((l) => l.level === 'error')).toEqual([]);
    await lives(core);
  });

  it('survives arbitrary cloned values on a port', async () => {
    const { port, screen } = serveOnPorts();
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
          withTypedArray: true,
          withSparseArray: true,
        }),
        (value) => {
          try {
            port.postMessage(value);
            port.postMessage({ t: 'q', i: 'x', m: 'probe', a: [value] });
          } catch {
            // A value that can't be cloned (a function) never leaves the sender.
          }
        },
      ),
      { numRuns: 1_000 },
    );
    expect(await connectClient(screen).client.hello({})).toMatchObject({ site: 'Test' });
  });
});

function tryEncode(value: unknown): Uint8Array | null {
  try {
    return encode(value);
  } catch {
    return null; // a symbol or a function: no peer can send it either
  }
}

it('an error whose reason is longer than a screen shows keeps its code, and the beginning of the reason', () => {
  const error = toWireError(new Problem('server-unreachable', { reason: 'x'.repeat(5_000) }));
  expect(error.code).toBe('server-unreachable');
  expect(error.params).toEqual({ reason: 'x'.repeat(400) });
});

import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { messagePortChannel, type PortLike } from '../../contract/channel-port.ts';
import type { CoreMessage } from '../../contract/host.ts';
import type { CoreMethods } from '../../contract/methods.ts';
import { connectClient } from '../../contract/rpc.ts';
import type { Core } from '../interface.ts';
import { type HostLink, runCoreProcess } from './core-process.ts';

test('a screen that connects before the core has started is served by it, including its earlier requests', async () => {
  const { port1, port2 } = new MessageChannel();
  const started = Promise.withResolvers<Core>();
  const posted: CoreMessage['type'][] = [];
  let say: Parameters<HostLink['onMessage']>[0] = () => undefined;
  runCoreProcess(
    {
      host: 'browser',
      post: ({ type }) => void posted.push(type),
      onMessage: (receive) => (say = receive),
      onDisconnect: () => undefined,
      accept: async (_, handle) => messagePortChannel(handle as PortLike),
      exit: () => new Promise(() => undefined),
    },
    () => started.promise,
  );
  const { client } = connectClient(messagePortChannel(port1 as unknown as PortLike));
  try {
    say({ type: 'start', home: '/home', deviceSecret: null, demo: false, slots: null, mayEnd: false }, null);
    say({ type: 'connect', upgrade: null }, port2);
    const answer = client.visitBegin({});
    let answered = false;
    void answer.then(() => (answered = true));
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    expect([answered, posted]).toEqual([false, []]);
    const visit = 'd9b4d9b4-0000-4000-8000-000000000000';
    const methods = { visitBegin: async () => ({ visit }) } as unknown as CoreMethods;
    started.resolve({ methods, onSignal: () => () => undefined } as unknown as Core);
    expect(await answer).toEqual({ visit });
    expect(posted).toEqual(['ready']);
  } finally {
    port1.close();
  }
});

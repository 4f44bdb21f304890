import { EventEmitter } from 'node:events';
import { pathToFileURL } from 'node:url';
import { FakeMessageChannelMain } from './ports.ts';

/** Runs inside a fake utility process: sets `process.parentPort`, then runs its module. */
type Message =
  | { kind: 'parent'; data: unknown; ports: number[] }
  | { kind: 'port'; port: number; data: unknown }
  | { kind: 'port-closed'; port: number };

const ports = new Map<number, FakeMessageChannelMain>();
const parentPort = Object.assign(new EventEmitter(), {
  postMessage: (data: unknown) => process.send?.({ kind: 'parent', data }),
});
Object.defineProperty(process, 'parentPort', { value: parentPort });

process.on('message', (message: Message) => {
  if (message.kind === 'parent') {
    const given = message.ports.map((id) => {
      const channel = new FakeMessageChannelMain();
      ports.set(id, channel);
      channel.port1.on('message', (event: { data: unknown }) =>
        process.send?.({ kind: 'port', port: id, data: event.data }),
      );
      channel.port1.on('close', () => process.send?.({ kind: 'port-closed', port: id }));
      channel.port1.start();
      return channel.port2;
    });
    parentPort.emit('message', { data: message.data, ports: given });
  } else if (message.kind === 'port') ports.get(message.port)?.port1.postMessage(message.data);
  else ports.get(message.port)?.port1.close();
});
// A utility process ends with its parent.
process.on('disconnect', () => process.exit(0));

await import(pathToFileURL(process.argv[2]!).href);

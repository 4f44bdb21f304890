import { TYP } from '../../sync/protocol/wire/batch.ts';
import { downTopic, NUDGE, presenceTopic, upTopic } from '../../sync/protocol/wire/topics.ts';

/** The content of each message, by its names in `wire.json`: the header in the clear, and the decrypted body. */
const MESSAGES = {
  batch: { typ: TYP.sealedBatch, header: 'SealedHeader.batch', signed: 'BatchHeader', body: 'BatchBody' },
  ask: { typ: TYP.sealedAsk, header: 'SealedHeader.ask', signed: 'AskHeader', body: 'Ask' },
  ack: { typ: TYP.ack, header: 'AckHeader', body: 'Ack' },
  page: { typ: TYP.sealedPage, header: 'SealedHeader.page', signed: 'PageHeader', body: 'Page' },
  rejection: { typ: TYP.rejection, header: 'RejectionHeader', body: 'Rejection' },
} as const;

const parameters = {
  server: { description: 'Id of the server, as in the provisioning bundle.' },
  device: { description: 'Id of the device: also its MQTT client id.' },
};
const ref = (id: string) => ({ $ref: `./wire.json#/$defs/${id}` });

/** Returns the AsyncAPI 3 document of the MQTT side. docs/develop/protocol.md explains the messages. */
export function asyncApi(version: string): unknown {
  const messages = Object.entries(MESSAGES).map(([name, { typ, header, body, ...sealed }]) => [
    name,
    {
      name: typ,
      contentType: 'application/jose',
      payload: { type: 'string', contentMediaType: 'application/jose', contentSchema: ref(body) },
      'x-header': ref(header),
      ...('signed' in sealed && { 'x-signed-header': ref(sealed.signed) }),
    },
  ]);
  const nudge = { name: 'nudge', contentType: 'text/plain', payload: { const: NUDGE } };
  const presence = { name: 'presence', contentType: 'text/plain', payload: { enum: ['online', 'offline'] } };
  const channel = (topic: typeof upTopic, description: string, names: readonly string[]) => ({
    address: topic('{server}', '{device}'),
    description,
    parameters,
    messages: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
  });
  const operation = (action: 'send' | 'receive', of: string, retain = false) => ({
    action,
    channel: { $ref: `#/channels/${of}` },
    bindings: { mqtt: { qos: 1, retain } },
  });
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'SmartPresence over MQTT',
      version,
      description: 'As a kiosk sends and receives. Payloads are compact JOSE; `contentSchema` is what they open to.',
    },
    servers: {
      broker: { host: 'broker.example:8883', protocol: 'mqtts', description: 'TLS 1.3, client certificate.' },
    },
    channels: {
      up: channel(upTopic, 'The device publishes here, and nobody else may.', ['batch', 'ask']),
      down: channel(downTopic, 'The device subscribes here, and nobody else may.', [
        'ack',
        'page',
        'rejection',
        'nudge',
      ]),
      presence: channel(presenceTopic, 'Retained `online`, and `offline` by will.', ['presence']),
    },
    operations: {
      sendUp: operation('send', 'up'),
      receiveDown: operation('receive', 'down'),
      sendPresence: operation('send', 'presence', true),
    },
    components: { messages: { ...Object.fromEntries(messages), nudge, presence } },
  };
}

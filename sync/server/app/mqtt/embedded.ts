import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions, type Server as TlsServer } from 'node:tls';
import { Aedes, type AedesOptions, type Client } from 'aedes';
import type { Logger } from 'pino';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { Problem } from '../../../errors/problem.ts';
import { limitPackets } from '../../../protocol/mqtt/packet-limit.ts';
import { MAX_SEALED_BYTES } from '../../../protocol/wire/batch.ts';
import { downTopic, presenceTopic, readTopic } from '../../../protocol/wire/topics.ts';
import { listenAt } from '../../platform/http/not-listening.ts';
import type { KeyAndCertificate } from '../../platform/keys/certificates.ts';
import type { MqttWorker } from './worker.ts';

/** Longest packet accepted from a kiosk, bytes. */
const MAX_PACKET_BYTES = MAX_SEALED_BYTES + 1024;
const MAX_FRAME_BYTES = 4 * 1024 * 1024;
/** Longest keep-alive that a kiosk may request, s. It limits how long a dead connection goes unnoticed. */
const MAX_KEEPALIVE_S = 120;
const HANDSHAKE_MS = 15_000;
/** How long a kiosk may leave an answer unread, ms. */
const DRAIN_MS = 10_000;

export interface EmbeddedOptions {
  readonly bind: string;
  /** Port of MQTT over TLS. 0: any free port. */
  readonly port: number;
  /** Port of MQTT over WebSocket over TLS. Null: none. */
  readonly wssPort: number | null;
  readonly serverId: string;
  readonly certificate: () => KeyAndCertificate;
  readonly cas: () => readonly string[];
  /** Returns the id of the approved device whose certificate the connection presented. @throws Problem if it may not connect */
  readonly identify: (socket: TLSSocket) => Promise<string>;
  readonly worker: MqttWorker;
  readonly log: Logger;
  readonly maxConnections?: number;
}

export interface EmbeddedBroker {
  readonly port: number;
  readonly wssPort: number | null;
  /** Publishes to a connected device. @throws if it is not connected, or does not read */
  send(device: string, text: string): Promise<void>;
  /** Uses the current certificates for new connections. */
  renew(): void;
  close(): Promise<void>;
}

/**
 * Starts a broker inside the server, for a site that runs no other. It accepts only TLS 1.3 with client certificates. A device
 * may do three things: publish to its own up and presence topics, and subscribe to its own down topic. A message is passed
 * only to the worker, before it is acknowledged. While the worker handles it, nothing more is read from that connection.
 * Sessions end with their connection: the kiosk's outbox and the server's log keep what a broker would keep for an absent
 * kiosk.
 *
 * @throws Problem `port-in-use`, `port-is-roots`, `can-not-listen`; nothing is left running then
 */
export async function startEmbeddedBroker(o: EmbeddedOptions): Promise<EmbeddedBroker> {
  const clients = new Map<string, Client>();
  const send = (device: string, text: string) =>
    new Promise<void>((resolve, reject) => {
      const client = clients.get(device);
      if (!client) return reject(new Error('the device is not connected'));
      const packet = { cmd: 'publish', topic: downTopic(o.serverId, device), payload: text, qos: 1 } as const;
      client.publish({ ...packet, retain: false, dup: false }, (error) => (error ? reject(error) : resolve()));
    });
  const aedes = await Aedes.createBroker(rules(o, send));
  aedes.on('client', (client) => clients.set(client.id, client));
  aedes.on('clientDisconnect', (client) => {
    if (clients.get(client.id) === client) clients.delete(client.id);
  });
  aedes.on('clientError', (client, error) => o.log.debug({ device: client.id, err: error }, 'mqtt client'));
  aedes.on('connectionError', (_client, error) => o.log.debug({ err: error }, 'mqtt connection'));

  const tls = (): TlsOptions => {
    const { certPem, keyPem } = o.certificate();
    return { cert: certPem, key: keyPem, ca: [...o.cas()], minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' };
  };
  const listening = {
    ...tls(),
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: HANDSHAKE_MS,
  };
  const servers: (TlsServer | HttpsServer)[] = [];
  const open = async (server: TlsServer | HttpsServer, port: number, variable: string): Promise<number> => {
    server.maxConnections = o.maxConnections ?? 2000;
    server.on('tlsClientError', (error: NodeJS.ErrnoException) =>
      o.log.debug({ code: error.code }, 'mqtt handshake refused'),
    );
    const found = await listenAt(server, o.bind, port, variable);
    servers.push(server);
    return found;
  };
  const close = async () => {
    await new Promise<void>((resolve) => aedes.close(resolve));
    await Promise.all(
      servers.map((server) => {
        if ('closeAllConnections' in server) server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      }),
    );
  };
  try {
    const mqtts = createTlsServer(listening, (socket) => {
      socket.on('error', () => undefined);
      limitPackets(socket, MAX_PACKET_BYTES);
      aedes.handle(socket);
    });
    const port = await open(mqtts, o.port, 'SMARTPRESENCE_MQTT_PORT');
    let wssPort: number | null = null;
    if (o.wssPort !== null) {
      const https = createHttpsServer(listening, (_request, response) => response.writeHead(426).end());
      const sockets = new WebSocketServer({
        server: https,
        path: '/mqtt',
        perMessageDeflate: false,
        maxPayload: MAX_FRAME_BYTES,
        handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : false),
      });
      sockets.on('connection', (ws, request) => {
        const stream = createWebSocketStream(ws);
        stream.on('error', () => undefined);
        limitPackets(stream, MAX_PACKET_BYTES);
        aedes.handle(stream, request);
      });
      wssPort = await open(https, o.wssPort, 'SMARTPRESENCE_MQTT_WSS_PORT');
    }
    return {
      port,
      wssPort,
      send,
      close,
      renew: () => {
        for (const server of servers) server.setSecureContext(tls());
      },
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** Returns the broker's settings and access rules. */
function rules(o: EmbeddedOptions, send: (device: string, text: string) => Promise<void>): AedesOptions {
  const forbid = (code: string, client: Client | null) => {
    o.worker.drop(code, client?.id);
    return new Error(code);
  };
  return {
    heartbeatInterval: 3_600_000,
    connectTimeout: HANDSHAKE_MS,
    drainTimeout: DRAIN_MS,
    keepaliveLimit: MAX_KEEPALIVE_S,
    queueLimit: 8,
    maxInflightInbound: 1,
    maxTopicLevels: 8,
    preConnect(client, packet, done) {
      // The session ends with the connection, whatever the kiosk requests.
      packet.clean = true;
      o.identify((client.req?.socket ?? client.conn) as TLSSocket).then(
        (device) => {
          // Otherwise one device could end another's connection by connecting under its id.
          if (packet.clientId !== device) done(forbid('wrong-client-id', null), false);
          else if (packet.will && packet.will.topic !== presenceTopic(o.serverId, device))
            done(forbid('forbidden-will', null), false);
          else done(null, true);
        },
        (cause: unknown) => done(forbid(cause instanceof Problem ? cause.code : 'admission-failed', null), false),
      );
    },
    authorizePublish(client, packet, done) {
      // Messages of the broker itself.
      if (!client) return done(null);
      const address = readTopic(o.serverId, packet.topic);
      if (address?.device !== client.id || packet.qos !== 1) return done(forbid('forbidden-publish', client));
      // Only the worker needs the message. Whatever aedes does with the packet afterwards reaches no one, so we empty it.
      o.worker.handle(packet.topic, Buffer.from(packet.payload), send).then(
        () => {
          packet.payload = '';
          packet.retain = false;
          done(null);
        },
        (cause: Error) => done(cause),
      );
    },
    authorizeSubscribe(client, subscription, done) {
      if (subscription.topic !== downTopic(o.serverId, client.id))
        return done(forbid('forbidden-subscription', client));
      done(null, subscription);
    },
  };
}

import type { TLSSocket } from 'node:tls';
import rateLimit from '@fastify/rate-limit';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import { MESSAGE_PATHS } from '../../../protocol/wire/batch.ts';
import { MAX_ASK_BYTES } from '../../../protocol/wire/changes.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { FAREWELL_PATH, LOGS_PATH } from '../../../protocol/wire/farewell.ts';
import { JOIN_PATH, MAX_JOIN_BYTES } from '../../../protocol/wire/join.ts';
import { type IdentityContext, joinByCode, pollJoin } from '../../core/devices/join.ts';
import { PHOTO_PATH, registerPhotos } from '../../core/photos/routes.ts';
import { registerLeaving } from '../../features/fleet/device-routes.ts';
import { Downloads, registerUpdates, UPDATES_ROUTE } from '../../features/fleet/rollout/serve.ts';
import { noteSpeaker } from '../../platform/http/error-log.ts';
import { createListener, type Listener, TLS_VERSIONS } from '../../platform/http/listener.ts';
import type { WatchedScreens } from '../../platform/watched-screens.ts';
import { type MessageContext, takeMessage } from './messages.ts';
import { admit, peerOf, type RenewalOnly, renewFirst } from './peer.ts';
import { PerDeviceQueue, type QueuePlace } from './per-device-queue.ts';
import { UnauthenticatedConnections, type UnauthenticatedLimits } from './unauthenticated-connections.ts';

const PHOTOS_AT_ONCE = 4;

export interface DeviceListenerOptions extends IdentityContext, MessageContext {
  readonly unauthenticated?: Partial<UnauthenticatedLimits>;
  /** Kiosk screens that someone is watching. */
  readonly screens: WatchedScreens;
  /** Folder of the repository of builds. Null: none. */
  readonly updates: string | null;
}

/**
 * Creates the listener for kiosks. Its TLS requests a client certificate but completes the handshake without one. For every
 * message, the sender is checked against the registry and gets a place in its queue before any of the body is read. Without a
 * certificate of ours, a client can only join.
 */
export function createDeviceListener(o: DeviceListenerOptions): Listener {
  const tls = () => {
    const { certPem, keyPem } = o.keyring.devices;
    return { key: keyPem, cert: certPem, ca: o.keyring.caPems };
  };
  const app = createListener({ ...tls(), requestCert: true, rejectUnauthorized: false }, o.log);
  // New connections get the new certificate. Open ones continue.
  o.keyring.onChange(() => app.server.setSecureContext({ ...TLS_VERSIONS, ...tls() }));
  const unauthenticated = new UnauthenticatedConnections(o.unauthenticated);
  app.server.on('secureConnection', (socket: TLSSocket) => unauthenticated.connected(socket, isOurs(o, socket)));
  const queue = new PerDeviceQueue();
  // Uploads have a queue of their own, so that a large photo doesn't delay a check-in.
  const photoQueue = new PerDeviceQueue(PHOTOS_AT_ONCE);
  const downloads = new Downloads();
  const admitted = new WeakMap<
    FastifyRequest,
    { place: QueuePlace; device: string; renewalOnly: RenewalOnly | null }
  >();
  app.addHook('onRequest', async (request, reply) => {
    const socket = socketOf(request);
    const { url } = request.routeOptions;
    if (url?.startsWith(JOIN_PATH) || url === FAREWELL_PATH) return unauthenticated.joining(socket);
    noteSpeaker(request, peerOf(socket, o.keyring.caPems, o.now().getTime()).device);
    if (url === UPDATES_ROUTE) {
      const { device, renewalOnly } = await admit(o, socket);
      if (renewalOnly) throw renewFirst(renewalOnly);
      const end = downloads.begin(device.id);
      reply.raw.once('close', end);
      if (socket.destroyed) end();
      return;
    }
    const isUpload = url === PHOTO_PATH || url === LOGS_PATH;
    if (url !== MESSAGE_PATHS.batch && url !== MESSAGE_PATHS.ask && !isUpload) return;
    // A device that has to renew its certificate may still send an ask, but only for a new one.
    const { device, renewalOnly } = await admit(o, socket);
    if (renewalOnly && url !== MESSAGE_PATHS.ask) throw renewFirst(renewalOnly);
    const place = (isUpload ? photoQueue : queue).reserve(device.id);
    if (!place) {
      reply.header('retry-after', '1');
      throw new Problem('too-many-requests');
    }
    reply.raw.once('close', () => place.release());
    // If it disconnected during the lookup, no `close` event follows.
    if (socket.destroyed) place.release();
    admitted.set(request, { place, device: device.id, renewalOnly });
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/jose', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  registerJoin(app, o, o.onChange);
  const inPlace = <T>(request: FastifyRequest, work: (device: string) => Promise<T>): Promise<T> => {
    const { place, device } = admitted.get(request)!;
    return place.run(() => work(device));
  };
  registerPhotos(app, o, inPlace);
  registerLeaving(app, o, inPlace);
  registerUpdates(app, o.updates);

  const answer = async (request: FastifyRequest, reply: FastifyReply, kind: 'batch' | 'ask') => {
    const { place, device, renewalOnly } = admitted.get(request)!;
    const sealed = z.string().parse(request.body);
    const taken = await place.run(() => takeMessage(o, { kind, sealed, device, renewalOnly }));
    return reply.type('application/jose').send(taken);
  };
  // Over the limit, a message is answered with the same code as over MQTT.
  const errorHandler = (kind: 'batch' | 'ask') => async (error: FastifyError) => {
    throw error.statusCode === 413 ? new Problem(`${kind}-too-large`, { cause: error }) : error;
  };
  app.post(MESSAGE_PATHS.batch, { errorHandler: errorHandler('batch') }, (request, reply) =>
    answer(request, reply, 'batch'),
  );
  app.post(MESSAGE_PATHS.ask, { bodyLimit: MAX_ASK_BYTES, errorHandler: errorHandler('ask') }, (request, reply) =>
    answer(request, reply, 'ask'),
  );
  return app;
}

/** Returns whether our CA issued the client's certificate. Anyone can make another, which proves nothing. */
function isOurs({ keyring, now }: DeviceListenerOptions, socket: TLSSocket): boolean {
  try {
    peerOf(socket, keyring.caPems, now().getTime());
    return true;
  } catch (cause) {
    if (cause instanceof Problem) return false;
    throw cause;
  }
}

function socketOf(request: FastifyRequest): TLSSocket {
  return request.raw.socket as TLSSocket;
}

/** Attempts per address and minute. They limit load: a code has 80 random bits and needs no protection against guessing. */
const JOINS_A_MINUTE = 30;
const POLLS_A_MINUTE = 60;

/**
 * Registers `POST /v1/join` (body: a join) and `GET /v1/join/:device` (authorization: Proof …), by which a kiosk without a
 * certificate becomes a device. See docs/develop/protocol.md, "Provisioning".
 */
function registerJoin(app: Listener, context: IdentityContext, onChange: () => void): void {
  app.register(async (scope) => {
    await scope.register(rateLimit, { global: false });
    const limited = (max: number) => ({ rateLimit: { max, timeWindow: '1 minute' } });

    scope.post(JOIN_PATH, { bodyLimit: MAX_JOIN_BYTES, config: limited(JOINS_A_MINUTE) }, async (request, reply) => {
      const waiting = await joinByCode(context, z.string().parse(request.body));
      onChange();
      return reply.code(202).send(waiting);
    });

    scope.get(`${JOIN_PATH}/:device`, { config: limited(POLLS_A_MINUTE) }, async (request, reply) => {
      const { device } = z.strictObject({ device: Uuid }).parse(request.params);
      const proof = z
        .string()
        .max(MAX_JOIN_BYTES)
        .regex(/^Proof /)
        .parse(request.headers.authorization);
      const answer = await pollJoin(context, device, proof.slice('Proof '.length));
      return typeof answer === 'string' ? reply.type('application/jose').send(answer) : reply.code(202).send(answer);
    });
  });
}

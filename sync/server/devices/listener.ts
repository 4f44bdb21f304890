import type { TLSSocket } from 'node:tls';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MAX_ASK_BYTES } from '../../protocol/wire/changes.ts';
import { createListener, type Listener, TLS_VERSIONS } from '../http/listener.ts';
import { registerPhotos } from '../photos/routes.ts';
import type { IdentityContext } from './context.ts';
import { JOIN_PREFIX, registerJoin } from './join-routes.ts';
import { type MessageContext, takeMessage } from './messages.ts';
import { identify, peerOf } from './peer.ts';

export interface DeviceListenerOptions extends IdentityContext, MessageContext {}

/**
 * The listener for kiosks. Its TLS asks for a client certificate and ends no handshake for want of one; who speaks is
 * checked at every request, before anything of its body is read. Without a certificate of ours there is joining alone.
 */
export function createDeviceListener(o: DeviceListenerOptions): Listener {
  const tls = () => {
    const { certPem, keyPem } = o.keyring.devices;
    return { key: keyPem, cert: certPem, ca: o.keyring.caPems };
  };
  const app = createListener({ ...tls(), requestCert: true, rejectUnauthorized: false }, o.log);
  // New connections get the new certificate; those there are go on.
  o.keyring.onChange(() => app.server.setSecureContext({ ...TLS_VERSIONS, ...tls() }));
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.url?.startsWith(JOIN_PREFIX)) return;
    peerOf(socketOf(request), o.keyring.caPems, o.now().getTime());
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/jose', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  registerJoin(app, o, o.onChange);
  registerPhotos(app, o, async (request) => (await identify(o, socketOf(request))).id);

  const answer = async (request: FastifyRequest, reply: FastifyReply, kind: 'batch' | 'ask') => {
    const socket = socketOf(request);
    // A device whose certificate has ended may still ask: for a new one, and for nothing else.
    const device = await identify(o, socket, kind === 'ask' ? 'take' : 'refuse');
    const renewalOnly = peerOf(socket, o.keyring.caPems, o.now().getTime()).notAfter < o.now().getTime();
    const sealed = z.string().parse(request.body);
    return reply.type('application/jose').send(await takeMessage(o, { kind, sealed, device: device.id, renewalOnly }));
  };
  app.post('/v1/batches', (request, reply) => answer(request, reply, 'batch'));
  app.post('/v1/asks', { bodyLimit: MAX_ASK_BYTES }, (request, reply) => answer(request, reply, 'ask'));
  return app;
}

function socketOf(request: FastifyRequest): TLSSocket {
  return request.raw.socket as TLSSocket;
}

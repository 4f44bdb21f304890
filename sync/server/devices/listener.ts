import type { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import { signAck } from '../../protocol/seal/ack.ts';
import { openBatch } from '../../protocol/seal/batch.ts';
import { Uuid } from '../../protocol/wire/event.ts';
import { createListener, type Listener, TLS_VERSIONS } from '../http/listener.ts';
import { ingest } from '../ingest/ingest.ts';
import { readMarks } from '../ingest/marks.ts';
import type { IdentityContext } from './context.ts';
import { JOIN_PREFIX, registerJoin } from './join-routes.ts';
import { identify, peerOf } from './peer.ts';
import { heardFrom } from './registry.ts';

export interface DeviceListenerOptions extends IdentityContext {
  readonly logEpoch: string;
  readonly log: Logger;
  /** Something that screens show has changed. */
  readonly onChange: () => void;
}

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

  app.post('/v1/batches', async (request, reply) => {
    const device = await identify(o, socketOf(request));
    const sealed = z.string().parse(request.body);
    const { header, body } = await openBatch(
      sealed,
      {
        sealing: (kid) => o.keyring.sealingFor(kid),
        device: async () => ({ kty: 'OKP', crv: 'Ed25519', x: device.ed25519 }),
      },
      { serverId: o.keyring.serverId, device: device.id },
    );
    const result = await ingest(o.db, o.keys, header, body, o.now());
    for (const { seq, reason } of result.quarantined)
      o.log.warn({ device: device.id, seq, code: reason }, 'event quarantined');
    if (result.inserted > 0)
      o.log.info({ device: device.id, events: result.inserted, committed: result.ack.committed }, 'events taken');
    o.onChange();
    return reply.type('application/jose').send(await ack(result.ack));
  });

  app.get('/v1/marks/:epoch', async (request, reply) => {
    const device = await identify(o, socketOf(request));
    const { epoch } = z.strictObject({ epoch: Uuid }).parse(request.params);
    await heardFrom(o.db, device.id, o.now());
    o.onChange();
    return reply
      .type('application/jose')
      .send(await ack({ device: device.id, epoch, ...(await readMarks(o.db, device.id, epoch)) }));
  });

  const ack = (marks: { device: string; epoch: string; committed: number; safe: number }) =>
    signAck({ ...marks, logEpoch: o.logEpoch, serverTime: o.now().toISOString() }, o.keyring.signing);
  return app;
}

function socketOf(request: FastifyRequest): TLSSocket {
  return request.raw.socket as TLSSocket;
}

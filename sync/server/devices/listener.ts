import { createHash, type X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import { signAck } from '../../protocol/seal/ack.ts';
import { openBatch } from '../../protocol/seal/batch.ts';
import { Uuid } from '../../protocol/wire/event.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import type { Db } from '../database/schema.ts';
import { createListener, type Listener } from '../http/listener.ts';
import { ingest } from '../ingest/ingest.ts';
import { readMarks } from '../ingest/marks.ts';
import type { Keys } from '../keys/envelope.ts';
import type { Keyring } from '../keys/keyring.ts';
import { type Device, findDevice, heardFrom } from './registry.ts';

export interface DeviceListenerOptions {
  readonly db: Db;
  readonly keys: Keys;
  readonly keyring: Keyring;
  readonly logEpoch: string;
  readonly log: Logger;
  readonly now: () => Date;
  /** Something that screens show has changed. */
  readonly onChange: () => void;
}

/** The listener for kiosks: nobody gets past the handshake without a certificate of our own CA. */
export function createDeviceListener(o: DeviceListenerOptions): Listener {
  const app = createListener(
    {
      key: o.keyring.devices.keyPem,
      cert: o.keyring.devices.certPem,
      ca: o.keyring.caPems,
      requestCert: true,
      rejectUnauthorized: true,
    },
    o.log,
  );
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/jose', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  app.post('/v1/batches', async (request, reply) => {
    const device = await identify(o.db, request);
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
    const device = await identify(o.db, request);
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

/**
 * Who is speaking: the certificate of the connection, held against the registration at every request, so that a revocation
 * takes effect on the next message.
 */
async function identify(db: Db, request: FastifyRequest): Promise<Device> {
  const certificate = (request.raw.socket as TLSSocket).getPeerX509Certificate();
  const id = certificate && deviceOf(certificate);
  const device = id ? await findDevice(db, id) : null;
  if (!certificate || !device || device.tlsKeyHash !== keyHashOf(certificate)) {
    throw new Problem(
      'unknown-device',
      'This device is not registered here with this key.',
      'Provision the kiosk again.',
    );
  }
  if (device.status !== 'approved')
    throw new Problem('device-not-approved', `This device is ${device.status}.`, 'Approve it on the server.');
  return device;
}

/** The device's id out of the certificate's URI, which our CA alone writes. */
function deviceOf(certificate: X509Certificate): string | null {
  const id = /^URI:urn:uuid:([0-9a-f-]{36})$/.exec(certificate.subjectAltName ?? '')?.[1];
  return Uuid.safeParse(id).data ?? null;
}

function keyHashOf(certificate: X509Certificate): string {
  return createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

import { z } from 'zod';
import { Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';

/** `/api/broker`: what an MQTT broker of this server needs. */

const access = {
  serverId: Uuid,
  /** Revoked devices whose certificates have not expired yet. */
  revoked: z.array(Uuid),
  /** Servers that connect to it. */
  replicas: z.array(z.string()),
};

export const getBrokerAccess = endpoint('GET /api/broker', {
  summary: 'Show what the broker’s access rules depend on',
  roles: ['operator'],
  data: [],
  answer: z.strictObject(access),
});

export const issueBrokerCertificate = endpoint('POST /api/broker/certificate', {
  summary: 'Issue a certificate for the broker, and return what its access rules depend on',
  roles: ['operator'],
  data: ['keys'],
  action: 'operate',
  body: z.strictObject({ hostnames: z.array(z.string().min(1).max(253)).min(1).max(20) }),
  answer: z.strictObject({
    ...access,
    certificate: z.strictObject({ keyPem: z.string(), certPem: z.string() }),
    caPems: z.array(z.string()),
  }),
});

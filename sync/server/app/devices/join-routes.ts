import rateLimit from '@fastify/rate-limit';
import { z } from 'zod';
import { Uuid } from '../../../protocol/wire/event.ts';
import { MAX_JOIN_BYTES } from '../../../protocol/wire/join.ts';
import type { IdentityContext } from '../../core/devices/context.ts';
import { joinByCode, pollJoin } from '../../core/devices/join.ts';
import type { Listener } from '../../platform/http/listener.ts';

/** The only routes that need no client certificate begin with it. */
export const JOIN_PREFIX = '/v1/join';

/** Attempts from one address in a minute. A code has 80 random bits: this spares the server, not the code. */
const JOINS_A_MINUTE = 30;
const POLLS_A_MINUTE = 60;

/**
 * `POST /v1/join` (body: a join) and `GET /v1/join/:device` (authorization: Proof …): how a kiosk without a certificate
 * becomes a device. See docs/develop/protocol.md, "Provisioning".
 */
export function registerJoin(app: Listener, context: IdentityContext, onChange: () => void): void {
  app.register(async (scope) => {
    await scope.register(rateLimit, { global: false });
    const limited = (max: number) => ({ rateLimit: { max, timeWindow: '1 minute' } });

    scope.post(JOIN_PREFIX, { bodyLimit: MAX_JOIN_BYTES, config: limited(JOINS_A_MINUTE) }, async (request, reply) => {
      const waiting = await joinByCode(context, z.string().parse(request.body));
      onChange();
      return reply.code(202).send(waiting);
    });

    scope.get(`${JOIN_PREFIX}/:device`, { config: limited(POLLS_A_MINUTE) }, async (request, reply) => {
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

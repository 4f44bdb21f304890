import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { ZodError } from 'zod';
import { Problem } from '../../../protocol/wire/problem.ts';
import { ErrorLog, speakerOf } from './error-log.ts';

/** HTTP status of each code that may leave the server; whatever is not listed is our own fault and becomes a 500 that says nothing. */
const STATUS: Readonly<Record<string, number>> = {
  'attention-elsewhere': 409,
  'guardian-required': 409,
  'own-consent-required': 409,
  'consent-missing': 409,
  'templates-on-card': 409,
  'complaints-waiting': 409,
  'pin-without-number': 409,
  'list-unreadable': 400,
  'not-a-minor': 409,
  'policy-change-unknown': 404,
  'site-change-unknown': 404,
  'account-disabled': 403,
  'account-not-disabled': 409,
  'account-unknown': 404,
  'ack-malformed': 400,
  'already-corrected': 409,
  'already-undone': 409,
  'already-void': 409,
  'ask-malformed': 400,
  'ask-too-large': 413,
  'ask-undecryptable': 400,
  'at-in-future': 422,
  'attempts-paused': 429,
  'bad-certificate-request': 400,
  'bad-code-life': 422,
  'bad-padding': 400,
  'bad-request': 400,
  'bad-server-address': 422,
  'bad-signature': 403,
  'batch-malformed': 400,
  'batch-too-large': 413,
  'batch-undecryptable': 400,
  'candidate-unknown': 404,
  'certificate-expired': 403,
  'certificate-not-ours': 403,
  'certificate-required': 401,
  'confirmation-needed': 428,
  'consent-text-exists': 409,
  'consent-text-not-reviewed': 409,
  'consent-outdated': 409,
  'consent-text-unknown': 404,
  'consent-texts-too-long': 422,
  'correction-unknown': 404,
  'credential-unknown': 404,
  'cursor-unreadable': 400,
  'device-id-reserved': 409,
  'device-not-approved': 403,
  'device-registered-otherwise': 409,
  'device-revoked': 403,
  'email-missing': 422,
  'email-taken': 409,
  'evacuation-over': 409,
  'confirmation-wrong': 422,
  'duplicate-needs-admin': 403,
  'another-lookalike': 409,
  'embedder-changed': 409,
  'enrolment-case-unknown': 404,
  'lookalikes-unknown': 404,
  'picture-unknown': 404,
  'export-too-large': 422,
  'file-too-large': 422,
  'fingerprint-differs': 409,
  'idempotency-key-malformed': 400,
  'idempotency-key-reused': 422,
  'erasure-not-complete': 409,
  'erasure-under-way': 409,
  'erasure-unknown': 404,
  'hold-covers-everything': 422,
  'hold-period-wrong': 422,
  'hold-unknown': 404,
  'audit-row-unknown': 404,
  'attention-unknown': 404,
  'birth-in-future': 422,
  'erasure-requested': 409,
  'faces-off': 409,
  'upload-empty': 422,
  'zip-broken': 422,
  'zip-encrypted': 422,
  'zip-name-unsafe': 422,
  'zip-too-large': 422,
  'zip-too-many': 422,
  'import-closed': 409,
  'import-full': 409,
  'import-nobody-made': 409,
  'import-nobody-new': 409,
  'import-nothing-accepted': 409,
  'import-people-busy': 409,
  'import-people-wrong': 422,
  'import-photo-unknown': 404,
  'import-photo-unusable': 422,
  'import-unknown': 404,
  'incident-changed': 409,
  'incident-closed': 409,
  'incident-not-documented': 409,
  'incident-times-wrong': 422,
  'incident-unknown': 404,
  'scope-unknown': 404,
  'join-code-expired': 410,
  'join-code-unknown': 404,
  'join-code-used': 410,
  'join-finished': 410,
  'join-malformed': 400,
  'join-too-large': 413,
  'last-administrator': 409,
  'link-already-used': 410,
  'link-expired': 410,
  'link-unknown': 404,
  'mail-not-configured': 409,
  'merge-not-possible': 409,
  'models-altered': 503,
  'models-missing': 503,
  'name-unreadable': 400,
  'no-session': 401,
  'no-such-day': 422,
  'not-allowed': 403,
  'not-found': 404,
  'not-undoable': 409,
  'nothing-to-correct': 422,
  'page-not-built': 503,
  'password-missing': 409,
  'password-weak': 422,
  'period-too-long': 422,
  'person-changed': 409,
  'person-erased': 410,
  'person-merged': 409,
  'person-unknown': 404,
  'photo-altered': 422,
  'photo-piece-wrong': 400,
  'photo-quota': 507,
  'photo-unexpected': 404,
  'privacy-not-set': 409,
  'proof-malformed': 400,
  'proof-too-large': 413,
  'proof-wrong': 403,
  'record-of-nobody': 409,
  'record-unknown': 404,
  'second-factor-missing': 403,
  'second-factor-not-offered': 409,
  'second-factor-not-set': 409,
  'second-factor-wrong': 422,
  'sign-in-refused': 401,
  'site-configured': 409,
  'too-many-credentials': 409,
  'too-many-requests': 429,
  'unknown-device': 403,
  'unknown-sealing-key': 409,
  'unknown-site': 404,
  'webhook-unknown': 404,
  'staff-unknown': 404,
  'staff-exists': 409,
  'staff-too-many': 409,
  'staff-ambiguous': 409,
  'staff-badge-taken': 409,
  'staff-of-kiosk': 409,
  'staff-no-factor': 409,
  'staff-pepper-missing': 503,
  'delivery-unknown': 404,
  'unsupported-protocol': 409,
  'updates-not-configured': 409,
  'repository-unreadable': 409,
  'repository-expired': 409,
  'ring-empty': 409,
  'command-answered': 409,
  'command-name-differs': 422,
  'command-unknown': 404,
  'command-waits': 409,
  'device-leaves': 409,
  'farewell-malformed': 400,
  'farewell-too-large': 413,
  'logs-malformed': 400,
  'logs-too-large': 413,
  'logs-undecryptable': 400,
  'settings-changed-meanwhile': 409,
  'settings-revision-unknown': 404,
  'rollout-at-everybody': 409,
  'rollout-not-so': 409,
  'rollout-over': 409,
  'rollout-running': 409,
  'rollout-unknown': 404,
  'version-not-in-repository': 409,
  'version-not-newer': 409,
  'checkin-method-required': 409,
  'wrong-audience': 403,
  'wrong-host': 421,
  'wrong-issuer': 403,
  'wrong-origin': 403,
};

/** Whether a code is one that may leave the server; any other is a failure of its own. */
export function isClientError(code: string): boolean {
  return Object.hasOwn(STATUS, code);
}

/** Every error of a listener leaves as RFC 9457 problem+json with a code. */
export function answerWithProblems(app: FastifyInstance, log: Logger): void {
  const errors = new ErrorLog(log);
  app.addHook('onClose', async () => errors.close());
  app.setErrorHandler((error: FastifyError | Error, request, reply) => {
    const problem = asProblem(error);
    const status = STATUS[problem.code] ?? 500;
    const fields = { code: problem.code, status, route: request.routeOptions.url, method: request.method };
    if (status >= 500) log.error({ ...fields, err: error }, 'request failed');
    else errors.note({ ...fields, device: speakerOf(request) }, problem.message);
    return send(reply, status, problem);
  });
  app.setNotFoundHandler((_request, reply) =>
    send(reply, 404, new Problem('not-found', 'There is nothing at this address.')),
  );
}

/** What a listener would answer: a Problem of its own for whatever is none. */
export function asProblem(error: FastifyError | Error): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof ZodError)
    return new Problem(
      'bad-request',
      'The request does not have the shape that this address takes.',
      'See docs/develop/protocol.md.',
      { cause: error },
    );
  const { statusCode, code } = error as FastifyError;
  if (statusCode === 413)
    return new Problem('batch-too-large', 'The request is larger than allowed.', 'Send less at once.', {
      cause: error,
    });
  if (statusCode === 429)
    return new Problem('too-many-requests', 'Too many attempts.', 'Wait a minute.', { cause: error });
  if (statusCode !== undefined && statusCode < 500)
    return new Problem('bad-request', `The request was refused (${code}).`, 'See docs/develop/protocol.md.', {
      cause: error,
    });
  return new Problem('internal-error', 'The server failed.', 'See its log; if it repeats, report it.', {
    cause: error,
  });
}

/** For an address that the router itself refuses; its own answer would repeat it, and is no problem+json. */
export function refuseAddress(reply: FastifyReply): void {
  send(reply, 404, new Problem('not-found', 'There is nothing at this address.'));
}

function send(reply: FastifyReply, status: number, problem: Problem): FastifyReply {
  const hidden = status >= 500 && !(problem.code in STATUS);
  if (status === 429 && problem.params.seconds !== undefined) reply.header('retry-after', problem.params.seconds);
  return reply
    .code(status)
    .type('application/problem+json')
    .send({
      type: `urn:smartpresence:problem:${hidden ? 'internal-error' : problem.code}`,
      title: hidden ? 'The server failed.' : problem.message,
      status,
      code: hidden ? 'internal-error' : problem.code,
      nextStep: hidden ? 'See its log; if it repeats, report it.' : problem.nextStep,
      ...(!hidden && Object.keys(problem.params).length > 0 && { params: problem.params }),
    });
}

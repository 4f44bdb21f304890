import { LengthOrHashMismatchError, UnsignedMetadataError } from '@tufjs/models/dist/error.js';
import { BadVersionError, ExpiredMetadataError } from 'tuf-js/dist/error.js';
import { command } from '../../disk/program.ts';
import { Problem } from '../../protocol/wire/problem.ts';

/** The four top-level roles of TUF, in the order in which a client reads them. */
export const ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;
export type Role = (typeof ROLES)[number];

const ASK = `Check the repository with: ${command('release verify')}`;

/** What was said against a role's metadata, as a Problem. What is one already stays what it is. */
export function metadataProblem(role: Role, cause: unknown): Problem {
  if (cause instanceof Problem) return cause;
  const params = { params: { role }, cause };
  const { message } = cause as Error;
  if (cause instanceof ExpiredMetadataError) return expired(role, cause);
  if (cause instanceof UnsignedMetadataError)
    return new Problem(
      'update-unsigned',
      `The ${role} metadata are not signed by enough of the keys that this kiosk trusts.`,
      'Nothing of it was taken. Find out who changed the repository; if keys were replaced, publish the new root first.',
      params,
    );
  if (cause instanceof BadVersionError)
    return new Problem(
      'update-rollback',
      `The ${role} metadata are older than what this kiosk has seen, or not the ones that were announced (${message}).`,
      'Nothing of it was taken. A mirror or a stick that is behind has to be copied again.',
      params,
    );
  if (cause instanceof LengthOrHashMismatchError)
    return new Problem(
      'update-mixed',
      `The ${role} metadata are not the ones that were announced: parts of different states were put together.`,
      'Nothing of it was taken. Copy the repository again as a whole.',
      params,
    );
  return malformed(role, message, cause);
}

export function expired(role: Role, cause?: unknown): Problem {
  return new Problem(
    'update-expired',
    `The ${role} metadata of the repository have expired: what it offers may be long out of date.`,
    role === 'timestamp' || role === 'snapshot'
      ? `Renew them with ${command('release refresh')}, and copy mirrors and sticks again.`
      : `Renew them: ${command(`release sign --renew ${role}`)}`,
    { params: { role }, cause },
  );
}

export function malformed(role: Role, why: string, cause?: unknown): Problem {
  return new Problem('update-repository-wrong', `The ${role} metadata can't be read: ${why.slice(0, 300)}.`, ASK, {
    params: { role },
    cause,
  });
}

export function absent(path: string): Problem {
  return new Problem(
    'update-incomplete',
    `The repository lacks ${path}, which it must have.`,
    'Copy the repository again as a whole, or publish again.',
  );
}

/** A source has no room just now: it is asked again in a while, and nothing is wrong with it. */
export const BUSY = 'update-busy';

export function busy(source: string): Problem {
  return new Problem(BUSY, `${source}: too many downloads are under way there.`, 'Wait: it is tried again by itself.');
}

/** How bad a source's failure is, for the one that is reported when every source failed: forgery before absence. */
const GRAVITY = [
  'update-unsigned',
  'update-target-wrong',
  'update-wrong-software',
  'update-rollback',
  'update-mixed',
  'update-expired',
  'update-repository-wrong',
  'update-too-large',
  'device-revoked',
  'unknown-device',
  'device-not-approved',
  'update-slow',
  'update-incomplete',
  BUSY,
];

/** The gravest of what the sources answered; the others stay in its `cause`. */
export function gravest(problems: readonly Problem[]): Problem {
  const rank = ({ code }: Problem) => (GRAVITY.includes(code) ? GRAVITY.indexOf(code) : GRAVITY.length);
  const first = [...problems].sort((a, b) => rank(a) - rank(b))[0];
  if (!first)
    return new Problem(
      'update-no-source',
      'There is no place to get an update from.',
      'Connect the kiosk to its server, name a mirror, or plug in a stick with updates.',
    );
  if (problems.length === 1) return first;
  return new Problem(first.code, first.message, first.nextStep, {
    params: { ...first.params },
    cause: new AggregateError(problems, 'every source failed'),
  });
}

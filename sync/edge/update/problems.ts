import { LengthOrHashMismatchError, UnsignedMetadataError } from '@tufjs/models/dist/error.js';
import { BadVersionError, ExpiredMetadataError } from 'tuf-js/dist/error.js';
import { type ErrorCode, Problem } from '../../errors/problem.ts';

/** The four top-level roles of TUF, in the order in which a client reads them. */
export const ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;
export type Role = (typeof ROLES)[number];

/** Turns an error about a role's metadata into a Problem; returns a Problem unchanged. */
export function metadataProblem(role: Role, cause: unknown): Problem {
  if (cause instanceof Problem) return cause;
  const { message } = cause as Error;
  if (cause instanceof ExpiredMetadataError) {
    // The library notices this only at the next role. The expired role is named only in its message.
    const old = ROLES.find((one) => message.includes(one)) ?? role;
    return new Problem('update-expired', { role: old, cause });
  }
  if (cause instanceof UnsignedMetadataError) return new Problem('update-unsigned', { role, cause });
  if (cause instanceof BadVersionError) return new Problem('update-rollback', { role, reason: message, cause });
  if (cause instanceof LengthOrHashMismatchError) return new Problem('update-mixed', { role, cause });
  return malformed(role, message, cause);
}

export const malformed = (role: Role, why: string, cause?: unknown): Problem =>
  new Problem('update-repository-wrong', { role, reason: why.slice(0, 300), cause });

export const absent = (path: string): Problem => new Problem('update-incomplete', { path });

/** The source is busy. It is tried again later, and nothing is wrong with it. */
export const busy = (source: string): Problem => new Problem('update-busy', { source });

/** Order of severity, to choose what is reported if every source failed: forgery before absence. */
const GRAVITY: ErrorCode[] = [
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
  'update-busy',
];

/** Returns the most serious of the sources' problems; the others are in its `cause`. */
export function gravest(problems: readonly Problem[]): Problem {
  const rank = ({ code }: Problem) => (GRAVITY.includes(code) ? GRAVITY.indexOf(code) : GRAVITY.length);
  const first = [...problems].sort((a, b) => rank(a) - rank(b))[0];
  if (!first) return new Problem('update-no-source');
  if (problems.length === 1) return first;
  const { code, message, nextStep, params } = first;
  return Problem.from({ code, message, nextStep, params }, new AggregateError(problems, 'every source failed'));
}

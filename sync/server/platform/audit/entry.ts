import type { DataKind } from '../../../protocol/api/data-kinds.ts';
import type { AuditAction } from '../../../protocol/api/endpoint.ts';
import type { Actor } from './actor.ts';

/** A row of the audit log before it is encrypted and chained. */
export interface AuditEntry {
  readonly actor: Actor;
  readonly action: AuditAction;
  /** Method and route pattern (`GET /api/people/:person`), or the name of the command or job. */
  readonly route: string;
  /** Identifier of a resource that isn't a person: a site, a device, an export. */
  readonly resource?: string | null;
  /** The kinds of personal data involved, never their values. */
  readonly data: readonly DataKind[];
  readonly subjects: readonly string[];
  /** How many people it concerns, if not all are listed. Default: the number of subjects. */
  readonly count?: number;
  /** Whether it concerns everyone, e.g. a job over the whole gallery. Each person then sees the row as theirs. */
  readonly everyone?: boolean;
  /** `ok`, or the code of the rejection. */
  readonly outcome: string;
}

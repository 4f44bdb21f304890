import type { DataKind } from '../../../protocol/api/data-kinds.ts';
import type { AuditAction } from '../../../protocol/api/endpoint.ts';
import type { Actor } from './actor.ts';

/** One row of the audit log, before it is sealed and chained. */
export interface AuditEntry {
  readonly actor: Actor;
  readonly action: AuditAction;
  /** Why: method and route pattern (`GET /api/people/:person`), or the name of the command or job. */
  readonly route: string;
  /** The resource's own identifier where it is not a person: a site, a device, an export. */
  readonly resource?: string | null;
  /** What kinds of personal data were touched; never a value. */
  readonly data: readonly DataKind[];
  readonly subjects: readonly string[];
  /** How many people it was about, where they are not all listed. Default: as many as are. */
  readonly count?: number;
  /** It is about everyone, e.g. a job over the whole gallery: each person finds the row as their own. */
  readonly everyone?: boolean;
  /** How it ended: `ok`, or the code of the rejection. */
  readonly outcome: string;
}

import type { AUDIT_ROLES } from '../../../protocol/api/audit.ts';

/**
 * Who performs an action: a signed-in account or person, a kiosk or a member of its staff, the command line on the server's
 * machine, or the server itself.
 */
export interface Actor {
  readonly role: (typeof AUDIT_ROLES)[number];
  /** Account, person, device or member of a kiosk's staff. Null if there is none. */
  readonly id: string | null;
  readonly email: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/** The server itself: a job, a resumed erasure. */
export const SYSTEM: Actor = { role: 'system', id: null, email: null, ip: null, userAgent: null };

/** The command line on the server's machine. The person who runs it has the server's keys. */
export const OPERATOR: Actor = { role: 'operator', id: null, email: null, ip: null, userAgent: null };

import { z } from 'zod';
import { MIN_AUDIT_DAYS } from './dates.ts';

/** Environment variables for the audit log, merged into the server's schema (config.ts). */
export const auditVariables = {
  /** The policy requires at least 365 days. */
  SMARTPRESENCE_AUDIT_DAYS: z.coerce
    .number({ error: `must be days, ${MIN_AUDIT_DAYS} or more` })
    .int({ error: 'must be whole days' })
    .min(MIN_AUDIT_DAYS, `must be at least ${MIN_AUDIT_DAYS} days: the audit log is evidence`)
    .max(3650, 'must be at most 3650 days')
    .default(MIN_AUDIT_DAYS),
};

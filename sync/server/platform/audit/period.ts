/** No row of the audit log goes before it is this old, days (POLICY P32). */
export const MIN_AUDIT_DAYS = 365;

/** Converts a filter's times to dates. */
export function datesOf<F extends { from?: string | undefined; to?: string | undefined }>(
  filter: F,
): Omit<F, 'from' | 'to'> & { from?: Date; to?: Date } {
  const { from, to, ...rest } = filter;
  return { ...rest, ...(from && { from: new Date(from) }), ...(to && { to: new Date(to) }) };
}

/** Rows of the audit log are kept for at least this many days (POLICY P32). */
export const MIN_AUDIT_DAYS = 365;

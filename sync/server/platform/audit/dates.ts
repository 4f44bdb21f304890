/** A filter with its times as dates, as a search wants it. */
export function datesOf<F extends { from?: string | undefined; to?: string | undefined }>(
  filter: F,
): Omit<F, 'from' | 'to'> & { from?: Date; to?: Date } {
  const { from, to, ...rest } = filter;
  return { ...rest, ...(from && { from: new Date(from) }), ...(to && { to: new Date(to) }) };
}

/** No row of the audit log goes before it is this old, days (POLICY P32). */
export const MIN_AUDIT_DAYS = 365;

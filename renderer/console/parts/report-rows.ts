import { numberOf } from '../../shared/i18n.ts';

/**
 * The report of a job as rows: what each value is, by the words of its field's name, and the value as it is shown. What is inside
 * a field, or a list, has rows of its own. What says nothing (0, null, an empty list) is left out: of a run that had nothing to
 * do, often all of it.
 */
export function reportRows(report: object, of: readonly string[] = []): [name: string, value: string][] {
  return Object.entries(report).flatMap(([field, value]) => rowsOf(value, [...of, labelOf(field)]));
}

function rowsOf(value: unknown, label: readonly string[]): [string, string][] {
  if (Array.isArray(value) && value.some((item) => typeof item === 'object'))
    return value.flatMap((item, i) => {
      const { kind = String(i + 1), ...rest } = item as { kind?: string };
      return reportRows(rest, [...label, labelOf(kind)]);
    });
  const text = Array.isArray(value) ? value.join(', ') : typeof value === 'number' ? numberOf(value) : value;
  if (typeof text === 'object' && text !== null) return reportRows(text, label);
  if (!text || value === 0) return [];
  const name = label.join(', ');
  return [[name.charAt(0).toUpperCase() + name.slice(1), String(text)]];
}

const labelOf = (field: string) => field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** Whether a value is a moment, as the API writes them. */
export const isMoment = (value: string): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);

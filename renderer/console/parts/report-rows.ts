import { numberOf } from '../../shared/i18n.ts';

/**
 * The report of a job as rows: what each value is, by the words of its field's name, and the value as it is shown. The fields
 * inside a field are rows of their own.
 */
export function reportRows(report: object, of: readonly string[] = []): [name: string, value: string][] {
  return Object.entries(report).flatMap(([field, value]): [string, string][] => {
    const label = [...of, field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)];
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return reportRows(value, label);
    const name = label.join(', ');
    return [[name.charAt(0).toUpperCase() + name.slice(1), textOf(value)]];
  });
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number') return numberOf(value);
  if (Array.isArray(value)) return value.length === 0 ? '–' : value.map(textOf).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Whether a value is a moment, as the API writes them. */
export const isMoment = (value: string): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);

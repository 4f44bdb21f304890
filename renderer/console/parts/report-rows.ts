import { listed, numberOf } from '../../shared/i18n.ts';
import { hasSentence, t } from '../i18n.ts';

/** Where texts for the codes in reports are found. */
const CODES = ['jobs.code', 'retention.kind', 'erasures.wait'] as const;

/**
 * Returns a job's report as rows of field name and formatted value. Nested fields and lists get their own rows. Empty values
 * (0, null, an empty list) are left out, which is often everything for a run that had nothing to do.
 */
export function reportRows(report: object, of: readonly string[] = []): [name: string, value: string][] {
  return Object.entries(report).flatMap(([field, value]) => rowsOf(value, [...of, fieldLabel(field)]));
}

function rowsOf(value: unknown, label: readonly string[]): [string, string][] {
  if (!value) return [];
  if (Array.isArray(value) && value.some((item) => typeof item === 'object'))
    return value.flatMap((item, i) => {
      const { kind = String(i + 1), ...rest } = (item ?? {}) as { kind?: string };
      return reportRows(rest, [...label, fieldLabel(kind)]);
    });
  if (typeof value === 'object' && !Array.isArray(value)) return reportRows(value, label);
  const text = Array.isArray(value) ? listed(value.map(textOf)) : textOf(value);
  const name = label.join(' · ');
  return text === '' ? [] : [[name.charAt(0).toUpperCase() + name.slice(1), text]];
}

function textOf(value: unknown): string {
  if (typeof value === 'number') return numberOf(value);
  return value === true ? t('yes') : (labelIn(CODES, String(value)) ?? String(value));
}

/** Returns a field's name. The field may be the code of what is counted. An unknown one, of a newer server, is spelled out. */
const fieldLabel = (field: string): string =>
  labelIn(['jobs.report', ...CODES], field) ?? field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function labelIn(places: readonly string[], code: string): string | undefined {
  const key = places.map((under) => `${under}.${code}`).find(hasSentence);
  return key && t(key);
}

/** Whether a value is a moment in the API's format. */
export const isMoment = (value: string): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);

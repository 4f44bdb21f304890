import { listed, numberOf } from '../../shared/i18n.ts';
import { hasSentence, t } from '../i18n.ts';

/** Where the codes in reports have their words. */
const CODES = ['jobs.code', 'retention.kind', 'erasures.wait'] as const;

/**
 * The report of a job as rows: what each value is, by its field's name, and the value as it is shown. What is inside a field,
 * or a list, has rows of its own. What says nothing (0, null, an empty list) is left out: of a run that had nothing to do,
 * often all of it.
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

/** The name of a field. The code of what is counted may stand in its place; a field of a newer server is spelled out. */
const fieldLabel = (field: string): string =>
  labelIn(['jobs.report', ...CODES], field) ?? field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function labelIn(places: readonly string[], code: string): string | undefined {
  const key = places.map((under) => `${under}.${code}`).find(hasSentence);
  return key && t(key);
}

/** Whether a value is a moment, as the API writes them. */
export const isMoment = (value: string): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);

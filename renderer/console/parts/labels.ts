import type { StaffBy } from '../../../sync/protocol/api/staff.ts';
import { hasSentence, t } from '../i18n.ts';

/** A code of the server in words; one that this page does not know yet, as it is. */
export const codeLabel = (under: string, code: string): string => {
  const key = `${under}.${code}`;
  return hasSentence(key) ? t(key) : code;
};

/** Which of a kiosk's staff did something. */
export function staffByLabel(by: StaffBy | null): string {
  if (by === null) return t('fleet.nobodyKnown');
  return by.emergency ? t('fleet.emergencyPin') : (by.name ?? t('fleet.formerStaff'));
}

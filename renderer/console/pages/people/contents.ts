import type { z } from 'zod';
import { countPerson } from '../../../../sync/protocol/api/people.ts';
import { currentLanguage, localeOf } from '../../../shared/i18n.ts';
import { type Answer, api } from '../../../shared/web/api.ts';
import type { Question } from '../../../shared/web/confirm.tsx';
import { t } from '../../i18n.ts';

type Contents = z.output<typeof countPerson.answer>;

/**
 * Makes a question about a person's stored data, with the server's counts.
 *
 * @param of the kinds of data that the action concerns
 * @param put makes the question from the amount, e.g. "3 templates and 1 enrolment photo"
 */
export async function askAbout(person: string, of: readonly (keyof Contents)[], put: (what: string) => Question) {
  const answer: Answer<Contents> = await api(countPerson, { params: { person } });
  if (!answer.ok) return answer;
  const list = new Intl.ListFormat(localeOf(currentLanguage()));
  return put(list.format(of.map((one) => t(`people.kept.${one}`, { count: answer.value[one] }))));
}

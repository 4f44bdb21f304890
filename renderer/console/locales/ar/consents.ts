import type { Sentences } from '../../../shared/i18n.ts';

export const consents = {
  nav: 'الموافقات',
  lead: 'كل موافقة وكل سحب، الأحدث أولًا.',
  none: 'لا موافقات بعد',
  noneText: 'تأتي من الأجهزة والموظفين وصفحات الأشخاص.',
  word: 'القول',
  who: 'الشخص',
  text: 'النص',
  via: 'الطريقة',
  at: 'الوقت',
} satisfies Sentences;

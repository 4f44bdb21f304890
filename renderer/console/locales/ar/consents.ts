import type { Sentences } from '../../../shared/i18n.ts';

export const consents = {
  nav: 'الموافقات',
  lead: 'كل موافقة مُنحت أو سُحبت، الأحدث أولًا.',
  none: 'لا موافقات بعد',
  noneText: 'يمنح الأشخاص موافقتهم عند جهاز أو لدى الموظفين أو في صفحتهم الشخصية.',
  word: 'القرار',
  who: 'الشخص',
  text: 'النص',
  via: 'المصدر',
  at: 'الوقت',
} satisfies Sentences;

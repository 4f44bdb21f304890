import type { Sentences } from '../../../shared/i18n.ts';

export const presence = {
  nav: 'في المبنى الآن',
  lead: 'من في المبنى حسب أحدث سجل. بعد 18 ساعة يُعدّ تسجيل الخروج منسيًا.',
  person: 'الشخص',
  since: 'منذ',
  kiosk: 'آخر جهاز',
  method: 'الطريقة',
  byHand: 'يدويًا',
  empty: 'لا أحد في المبنى',
  emptyText: 'يظهر الأشخاص هنا عند تسجيل دخولهم.',
  kiosks: 'البيانات حتى',
  kiosksText: 'السجلات التي أُدخلت عند الجهاز بعد هذا الوقت غير مشمولة بعد.',
  never: 'لم يتصل قط',
  silent: 'غير متصل',
  refresh: 'تحديث',
  count_zero: 'لا أحد في المبنى',
  count_one: 'شخص واحد في المبنى',
  count_two: 'شخصان في المبنى',
  count_few: '{{count}} أشخاص في المبنى',
  count_many: '{{count}} شخصًا في المبنى',
  count_other: '{{count}} شخص في المبنى',
} satisfies Sentences;

import type { Sentences } from '../../../shared/i18n.ts';

export const day = {
  nav: 'تقرير اليوم',
  lead: 'أول دخول وآخر خروج والوقت في المبنى حسب تقويم الموقع. لا يُستكمل خروج لم يُسجَّل أبدًا.',
  person: 'الشخص',
  day: 'اليوم',
  before: 'اليوم السابق',
  after: 'اليوم التالي',
  firstIn: 'أول دخول',
  lastOut: 'آخر خروج',
  stays: 'مرات الدخول',
  time: 'الوقت في المبنى',
  open: 'خروج غير مسجّل',
  hours: '{{hours}} س {{minutes}} د',
  empty: 'لا حضور في هذا اليوم',
  export: 'تصدير',
  exportText: 'صف واحد لكل شخص في كل يوم، حتى 92 يومًا. يُدوَّن هذا التصدير في سجل التدقيق.',
  layout: 'التنسيق',
  layouts: {
    days: 'تقرير اليوم',
    timesheet: 'كشف ساعات (صف لكل مرة دخول)',
    'frappe-hr': 'Frappe HR ‏(Employee Checkin)',
  },
} satisfies Sentences;

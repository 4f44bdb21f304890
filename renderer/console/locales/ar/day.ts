import type { Sentences } from '../../../shared/i18n.ts';

export const day = {
  nav: 'تقرير اليوم',
  lead: 'أول دخول وآخر خروج والوقت في المبنى حسب تقويم الموقع. النهاية التي لم يسجّلها أحد لا تُختلق أبدًا.',
  person: 'الشخص',
  day: 'اليوم',
  before: 'اليوم السابق',
  after: 'اليوم التالي',
  firstIn: 'أول دخول',
  lastOut: 'آخر خروج',
  stays: 'الإقامات',
  time: 'الوقت في المبنى',
  open: 'بلا نهاية',
  hours: '{{hours}} س {{minutes}} د',
  empty: 'لم يكن أحد هنا في هذا اليوم',
  export: 'تصدير أيام',
  exportText: 'صف لكل شخص ويوم، 92 يومًا على الأكثر. من يَرِد اسمه مدوَّن في سجل التدقيق.',
  layout: 'أعمدة',
  layouts: { days: 'تقرير اليوم', timesheet: 'كشف ساعات (صف لكل إقامة)', 'frappe-hr': 'Frappe HR، Employee Checkin' },
} satisfies Sentences;

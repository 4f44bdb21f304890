import type { Sentences } from '../../../shared/i18n.ts';

export const cards = {
  title: 'البطاقات والشارات',
  none: 'لا توجد بعد.',
  card: 'بطاقة',
  badge: 'شارة',
  issued: 'صدرت',
  revokedAt: 'أُبطلت',
  issue: 'طباعة بطاقة',
  issueText: 'تُنشأ بطاقة جديدة. يدخل بها من يحملها، ويُعرض رمزها هذه المرة فقط.',
  print: 'البطاقة',
  printText: 'اطبعها الآن: بإغلاق النافذة يختفي الرمز ويلزم إصدار بطاقة جديدة.',
  qr: 'رمز QR للبطاقة',
  revoke: 'إبطال',
  revokeText: 'لن تفتح شيئًا بعد أن تعلم الأجهزة بذلك.',
  revoked: 'أُبطلت.',
  addBadge: 'إضافة شارة',
  badgeText: 'شارة يملكها الشخص، بالرقم الذي يعطيه القارئ.',
  number: 'رقم الشارة',
} satisfies Sentences;

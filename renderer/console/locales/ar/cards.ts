import type { Sentences } from '../../../shared/i18n.ts';

export const cards = {
  title: 'البطاقات والشارات',
  none: 'لا شيء بعد.',
  card: 'بطاقة',
  badge: 'شارة',
  issued: 'صدرت',
  revokedAt: 'أُبطلت',
  issue: 'طباعة بطاقة',
  issueText: 'تُنشأ بطاقة جديدة. كل من يحملها يستطيع تسجيل الحضور بها، ويُعرض رمزها مرة واحدة فقط.',
  print: 'البطاقة',
  printText: 'اطبعها الآن. بعد إغلاق النافذة لا يمكن عرض الرمز مجددًا وستحتاج إلى بطاقة جديدة.',
  qr: 'رمز QR للبطاقة',
  revoke: 'إبطال',
  revokeText: 'تتوقف الأجهزة عن قبولها عند اتصالها التالي.',
  revoked: 'أُبطلت.',
  addBadge: 'إضافة شارة',
  badgeText: 'لشارة يملكها الشخص من قبل. أدخل الرقم كما يعرضه القارئ.',
  number: 'رقم الشارة',
} satisfies Sentences;

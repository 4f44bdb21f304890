import type { Sentences } from '../../../shared/i18n.ts';

export const enrolFace = {
  title: 'تسجيل {{name}}',
  lead: 'يصنع الخادم قالبًا من بضع صور. لا يُصنع شيء دون موافقة مسجّلة.',
  back: 'العودة إلى الشخص',
  way: 'مصدر الصور',
  camera: 'كاميرا هذا الجهاز',
  photo: 'ملفات صور',
  files: 'حتى ست صور لهذا الشخص',
  pictures: 'الصور الملتقطة',
  picture: 'الصورة {{number}}',
  pose: {
    front: 'انظر مباشرة إلى الكاميرا',
    left: 'أدر رأسك قليلًا إلى يسارك',
    right: 'أدر رأسك قليلًا إلى يمينك',
  },
  complete: 'اكتمل. احفظه الآن.',
  noCamera: 'لا توجد كاميرا، أو لم يُسمح للمتصفح باستخدامها. استخدم ملفات الصور.',
  again: 'البدء من جديد',
  save: 'إنشاء القالب',
  refused: 'لا توجد صورة جيدة بما يكفي. السبب مذكور تحت كل صورة.',
  enrolled_zero: 'لم يُسجَّل أي قالب.',
  enrolled_one: 'سُجّل: قالب واحد.',
  enrolled_two: 'سُجّل: قالبان.',
  enrolled_few: 'سُجّل: {{count}} قوالب.',
  enrolled_many: 'سُجّل: {{count}} قالبًا.',
  enrolled_other: 'سُجّل: {{count}} قالب.',
} satisfies Sentences;

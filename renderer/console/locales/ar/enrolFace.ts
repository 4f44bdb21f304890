import type { Sentences } from '../../../shared/i18n.ts';

export const enrolFace = {
  title: 'تسجيل {{name}}',
  lead: 'ينشئ الخادم قالب وجه من بضع صور. يتطلب ذلك موافقة مسجّلة.',
  back: 'العودة إلى الشخص',
  source: 'مصدر الصور',
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
  complete: 'التُقطت كل الصور. يمكنك تسجيل الوجه الآن.',
  noCamera: 'لم يُعثر على كاميرا، أو لم يُسمح للمتصفح باستخدامها. استخدم ملفات صور بدلًا منها.',
  again: 'البدء من جديد',
  save: 'تسجيل الوجه',
  refused: 'لا توجد صورة جيدة بما يكفي. السبب مبيّن تحت كل صورة.',
  enrolled_zero: 'لم يُسجَّل أي قالب.',
  enrolled_one: 'سُجّل: قالب واحد.',
  enrolled_two: 'سُجّل: قالبان.',
  enrolled_few: 'سُجّل: {{count}} قوالب.',
  enrolled_many: 'سُجّل: {{count}} قالبًا.',
  enrolled_other: 'سُجّل: {{count}} قالب.',
} satisfies Sentences;

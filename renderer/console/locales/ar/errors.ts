import type { Sentences } from '../../../shared/i18n.ts';

/** What somebody else was quicker with, or an address that was typed. */
const GONE = { title: 'لم يعد هذا موجودًا.', next: 'حدِّث الصفحة.' };

/** Of single pages, by the code of the refusal. Sorted. */
export const errors = {
  'account-not-disabled': { title: 'هذا الحساب نشط.', next: 'عطّله أولًا.' },
  'account-unknown': GONE,
  'already-corrected': { title: 'صُحّح هذا السجل من قبل.', next: 'صحّح السجل الأحدث، أو تراجع عن ذلك التصحيح أولًا.' },
  'already-undone': { title: 'سبق التراجع عن هذا التصحيح.', next: 'حدِّث الصفحة.' },
  'already-void': { title: 'هذا السجل ملغى من قبل.', next: 'أضف سجلًا جديدًا بدلًا منه.' },
  'at-in-future': { title: 'هذا الوقت في المستقبل.', next: 'أدخل وقتًا مضى.' },
  'audit-row-unknown': GONE,
  'bad-code-life': { title: 'مدة الرمز من دقيقة إلى 30 يومًا.', next: 'اختر مدة أخرى.' },
  'birth-in-future': { title: 'تاريخ الميلاد في المستقبل.', next: 'صحّح التاريخ.' },
  'candidate-unknown': GONE,
  'consent-text-unknown': GONE,
  'consent-texts-too-long': {
    title: 'النصوص السارية مجتمعة أطول مما يمكن إرساله إلى الأجهزة.',
    next: 'اختصرها في نسخة جديدة، أو قدّم لغات أقل.',
  },
  'correction-unknown': GONE,
  'credential-unknown': GONE,
  'cursor-unreadable': GONE,
  'delivery-unknown': GONE,
  'device-revoked': { title: 'أُبطل هذا الجهاز.', next: 'أضفه من جديد برمز إعداد جديد.' },
  'erasure-not-complete': { title: 'لا تتوفر الشهادة قبل اكتمال المحو.', next: 'تبيّن قائمة التقدّم ما ينتظره.' },
  'erasure-under-way': {
    title: 'لم يعد سحب هذا الطلب ممكنًا.',
    next: 'تُحذف بيانات الشخص الآن. أضفه من جديد عند الحاجة.',
  },
  'erasure-unknown': GONE,
  'evacuation-over': { title: 'انتهى هذا التفقّد.', next: 'ابدأ تفقّدًا جديدًا عند الحاجة.' },
  'export-too-large': {
    title: 'لا يتسع ملف Excel لهذا العدد من الصفوف.',
    next: 'اختر فترة أقصر، أو صدّر بصيغة CSV.',
  },
  'hold-covers-everything': {
    title: 'أمر الحفظ هذا سيحفظ كل البيانات إلى الأبد.',
    next: 'اختر شخصًا أو موقعًا أو فترة.',
  },
  'hold-period-wrong': { title: 'تنتهي الفترة قبل أن تبدأ.', next: 'صحّح التاريخين.' },
  'hold-unknown': GONE,
  'import-nothing-accepted': {
    title: 'لم تُقبل أي صورة من هذا الاستيراد.',
    next: 'اقبل واحدة على الأقل، أو ألغِ الاستيراد.',
  },
  'import-photo-unknown': GONE,
  'import-photo-unusable': {
    title: 'لا يمكن استخدام هذه الصورة: إما غير مناسبة أو غير منسوبة إلى أحد.',
    next: 'انسبها إلى شخص، أو ارفضها.',
  },
  'import-unknown': GONE,
  'incident-changed': { title: 'غيّر شخص آخر هذه الحادثة في هذه الأثناء.', next: 'حدِّثها ثم كرّر التغيير.' },
  'incident-closed': { title: 'هذه الحادثة مغلقة.', next: 'سجّل حادثة جديدة تشير إليها.' },
  'incident-times-wrong': {
    title: 'يجب أن تبدأ الحادثة قبل اكتشافها وقبل انتهائها، وألا تكون في المستقبل.',
    next: 'صحّح الأوقات.',
  },
  'incident-unknown': GONE,
  'last-administrator': { title: 'هذا هو مدير النظام الوحيد.', next: 'أضف مديرًا آخر أولًا.' },
  'mail-not-configured': { title: 'لا يمكن لهذا الخادم إرسال بريد.', next: 'اعرض رمز QR بدلًا من ذلك.' },
  'merge-not-possible': { title: 'لا يمكن دمج الاثنين: أحدهما مجهول أو محذوف أو مدموج من قبل.', next: 'حدِّث الصفحة.' },
  'models-altered': {
    title: 'عُدّل أحد نماذج الوجوه على الخادم فلا يُستخدم.',
    next: 'تواصل مع مشغّل الخادم. يمكنك الاستمرار في التسجيل عند جهاز.',
  },
  'models-missing': {
    title: 'نماذج الوجوه غير موجودة على الخادم.',
    next: 'تواصل مع مشغّل الخادم. يمكنك الاستمرار في التسجيل عند جهاز.',
  },
  'site-change-unknown': { title: 'هذا التغيير غير موجود.', next: 'حدِّث القائمة.' },
  'name-unreadable': {
    title: 'هذا الاسم غير صالح: فارغ أو فيه فاصل أسطر.',
    next: 'أدخله من جديد في سطر واحد.',
  },
  'no-such-day': { title: 'لا يوجد هذا اليوم في تقويم الموقع.', next: 'اختر يومًا آخر.' },
  'not-undoable': { title: 'هذا القيد تراجع عن تصحيح آخر ولا يمكن التراجع عنه.', next: 'أعد إجراء التصحيح الأصلي.' },
  'nothing-to-correct': { title: 'لم يتغيّر شيء.', next: 'غيّر الوقت أو الاتجاه.' },
  'password-missing': { title: 'ليست لهذا الحساب كلمة مرور بعد.', next: 'حدّد البريد وكلمة المرور أولًا.' },
  'period-too-long': { title: 'الفترة طويلة جدًا، أو تنتهي قبل أن تبدأ.', next: 'اختر 92 يومًا على الأكثر.' },
  'person-erased': { title: 'حُذفت بيانات هذا الشخص.', next: 'لا يمكن إضافة بيانات جديدة.' },
  'person-merged': { title: 'دُمج هذا الشخص مع مدخل آخر.', next: 'عدّل المدخل الذي أُبقي.' },
  'policy-change-unknown': GONE,
  'record-of-nobody': { title: 'حُذف صاحب هذا السجل.', next: 'لا يمكن تصحيحه.' },
  'record-unknown': GONE,
  'rollout-unknown': GONE,
  'scope-unknown': GONE,
  'second-factor-not-offered': { title: 'لم يبدأ إعداد تطبيق جديد.', next: 'ابدأ من جديد.' },
  'second-factor-not-set': { title: 'ليس لهذا الحساب تطبيق مصادقة بعد.', next: 'أعدّ تطبيقًا أولًا.' },
  'site-configured': {
    title: 'اسم الموقع الافتراضي ومنطقته الزمنية من إعدادات الخادم.',
    next: 'غيّرهما هناك.',
  },
  'too-many-credentials': { title: 'بلغ هذا الشخص الحد الأقصى للبطاقات والشارات.', next: 'أبطل ما لم يعد لازمًا.' },
  'unknown-device': GONE,
  'unknown-site': GONE,
  'upload-empty': { title: 'الملف فارغ.', next: 'اختر ملفًا آخر.' },
  'checkin-method-required': {
    title: 'كل طرق تسجيل الحضور في هذه السياسة تتطلب الوجه.',
    next: 'أبقِ طريقة لا تتطلبه، مثل الرقم والرمز السري.',
  },
  'webhook-unknown': GONE,
  'confirmation-wrong': { title: 'هذا ليس رقم الشخص المسجَّل من قبل ولا اسمه.', next: 'قارن الصورتين واكتبه من جديد.' },
  'duplicate-needs-admin': {
    title: 'لا يؤكد أنهما شخصان إلا مدير النظام.',
    next: 'اسأل مدير النظام، وأعطِ الشخص في هذه الأثناء رمزًا سريًا أو رمز QR أو شارة.',
  },
  'another-lookalike': {
    title: 'هذا الوجه يشبه أيضًا وجه شخص آخر، وهو المعروض هنا الآن.',
    next: 'انظر إلى الصورتين، واتخذ قرارًا بشأن هذا الشخص أيضًا.',
  },
  'embedder-changed': {
    title: 'تستعمل الأجهزة نموذج وجوه آخر منذ التقاط هذه الصور.',
    next: 'لا تُسجِّل بها؛ صوِّر الشخص من جديد.',
  },
  'enrolment-case-unknown': {
    title: 'لم يعد هذا التسجيل معلّقًا.',
    next: 'بُتّ فيه أو انتهت مدته. راجع «ما يحتاج إلى متابعة».',
  },
  'lookalikes-unknown': { title: 'لم يعد هذان مسجَّلين متشابهين.', next: 'حدِّث القائمة.' },
  'picture-unknown': { title: 'لا توجد صورة لهذا الشخص.', next: 'قارن الاسم والرقم.' },
} satisfies Sentences;

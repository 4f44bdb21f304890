import type { Sentences } from '../../../shared/i18n.ts';

/** By the code of the refusal; one without a sentence here is shown in the server's English. Sorted. */
export const problem = {
  'account-disabled': { title: 'هذا الحساب معطّل.', next: 'اسأل مدير النظام.' },
  'answer-unreadable': { title: 'هذه الصفحة أقدم من الخادم.', next: 'أعد تحميل الصفحة.' },
  'attempts-paused': { title: 'محاولات كثيرة جدًا.', next: 'انتظر {{seconds}} ثانية ثم أعد المحاولة.' },
  'bad-request': { title: 'شيء ما ليس كما يجب.', next: 'تحقق مما أدخلته.' },
  'email-missing': { title: 'البريد ناقص.', next: 'أدخل بريدًا: به تسجّل الدخول.' },
  'email-taken': { title: 'هذا البريد لحساب آخر.', next: 'استخدم بريدًا آخر.' },
  'internal-error': { title: 'تعطّل الخادم.', next: 'أعد المحاولة. إن استمر الأمر فسجل الخادم يبيّن السبب.' },
  'link-already-used': { title: 'استُخدم هذا الرابط من قبل.', next: 'يعمل مرة واحدة. اطلب رابطًا جديدًا.' },
  'link-expired': { title: 'هذا الرابط قديم جدًا.', next: 'اطلب رابطًا جديدًا.' },
  'link-unknown': { title: 'هذا الرابط لا يخص هذا الخادم، أو سُحب.', next: 'اطلب رابطًا جديدًا.' },
  'no-session': { title: 'لست مسجَّل الدخول، أو لم تعد كذلك.', next: 'سجّل الدخول من جديد.' },
  'not-allowed': { title: 'هذا ليس ضمن صلاحياتك.', next: 'اسأل من تشمله صلاحياته.' },
  'not-for-people': {
    title: 'هذا الرابط يفتح بياناتك أنت، لا لوحة التحكم.',
    next: 'اطلب رابطًا للوحة التحكم، أو افتح صفحتك الخاصة.',
  },
  'password-weak': {
    title: 'كلمة المرور هذه سهلة التخمين.',
    next: 'اختر غيرها: 12 حرفًا أو أكثر، ليست كلمة شائعة ولا بريدك.',
  },
  'proof-wrong': {
    title: 'كلمة المرور الحالية أو الرمز غير صحيح.',
    next: 'أدخل كلمة المرور الحالية ورمزًا جديدًا من التطبيق.',
  },
  'second-factor-wrong': { title: 'هذا الرمز غير صحيح.', next: 'اكتب ما يعرضه التطبيق الآن؛ كل رمز يعمل مرة واحدة.' },
  'sign-in-refused': {
    title: 'البريد أو كلمة المرور أو الرمز غير صحيح.',
    next: 'حاول برمز جديد: كل رمز يعمل مرة واحدة. يمكن لمدير النظام إنشاء رابط جديد.',
  },
  'too-many-requests': { title: 'محاولات كثيرة جدًا.', next: 'انتظر دقيقة.' },
  unreachable: { title: 'لا يمكن الوصول إلى الخادم.', next: 'أعد المحاولة بعد قليل؛ لم يُفقد شيء.' },
} satisfies Sentences;

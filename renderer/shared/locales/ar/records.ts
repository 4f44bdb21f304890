import type { Sentences } from '../../i18n.ts';

export const records = {
  direction: { in: 'دخول', out: 'خروج' },
  method: {
    face: 'الوجه',
    'badge+face': 'البطاقة والوجه',
    'qr+face': 'رمز QR والوجه',
    'number+face': 'الرقم والوجه',
    'number+pin': 'الرقم ورمز PIN',
    qr: 'رمز QR',
    badge: 'البطاقة',
    manual: 'سجّله موظف',
  },
  liveness: {
    off: 'التحقق من الحيوية: متوقف',
    'off (demo)': 'التحقق من الحيوية: متوقف (عرض)',
    passed: 'التحقق من الحيوية: ناجح',
    'not-needed': '',
  },
  voided: {
    label: 'ملغى',
    'not-me': 'ملغى: لست أنا',
    'wrong-direction': 'ملغى: اتجاه خاطئ',
    staff: 'ألغاه موظف',
    corrected: 'مصحَّح',
    'not-right': 'ملغى: غير صحيح',
  },
} satisfies Sentences;

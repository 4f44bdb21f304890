import type { Sentences } from '../../i18n.ts';

export const records = {
  direction: { in: 'دخول', out: 'خروج' },
  method: {
    face: 'الوجه',
    'badge+face': 'الشارة والوجه',
    'qr+face': 'رمز QR والوجه',
    'number+face': 'الرقم والوجه',
    'number+pin': 'الرقم والرمز السري',
    qr: 'رمز QR',
    badge: 'الشارة',
    manual: 'سجّله موظف',
  },
  liveness: {
    off: 'فحص الحيوية: متوقف',
    'off (demo)': 'فحص الحيوية: متوقف (عرض)',
    passed: 'فحص الحيوية: ناجح',
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

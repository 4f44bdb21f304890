import type { Sentences } from '../../i18n.ts';

export const records = {
  direction: { in: '进入', out: '离开' },
  method: {
    face: '人脸',
    'badge+face': '工牌和人脸',
    'qr+face': '二维码和人脸',
    'number+face': '编号和人脸',
    'number+pin': '编号和 PIN 码',
    qr: '二维码',
    badge: '工牌',
    manual: '工作人员录入',
  },
  liveness: {
    off: '活体检测：关闭',
    'off (demo)': '活体检测：关闭（演示）',
    passed: '活体检测：通过',
    'not-needed': '',
  },
  voided: {
    label: '已作废',
    'not-me': '已作废：不是我',
    'wrong-direction': '已作废：方向错误',
    staff: '由工作人员作废',
    corrected: '已更正',
    'not-right': '已作废：不正确',
  },
} satisfies Sentences;

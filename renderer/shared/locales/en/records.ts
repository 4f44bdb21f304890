import type { Sentences } from '../../i18n.ts';

export const records = {
  direction: { in: 'In', out: 'Out' },
  method: {
    face: 'Face',
    'badge+face': 'Badge and face',
    'qr+face': 'QR code and face',
    'number+face': 'Number and face',
    'number+pin': 'Number and PIN',
    qr: 'QR code',
    badge: 'Badge',
    manual: 'Entered by staff',
  },
  liveness: {
    off: 'Liveness: off',
    'off (demo)': 'Liveness: off (demo)',
    passed: 'Liveness: passed',
    'not-needed': '',
  },
  voided: {
    label: 'Voided',
    'not-me': 'Voided: not me',
    'wrong-direction': 'Voided: wrong direction',
    staff: 'Voided by staff',
    corrected: 'Corrected',
    'not-right': 'Voided: wrong',
  },
} satisfies Sentences;

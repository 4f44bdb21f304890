import type { Sentences } from '../../i18n.ts';

export const records = {
  direction: { in: 'Kommen', out: 'Gehen' },
  method: {
    face: 'Gesicht',
    'badge+face': 'Ausweis und Gesicht',
    'qr+face': 'QR-Code und Gesicht',
    'number+face': 'Nummer und Gesicht',
    'number+pin': 'Nummer und PIN',
    qr: 'QR-Code',
    badge: 'Ausweis',
    manual: 'Vom Personal erfasst',
  },
  liveness: {
    off: 'Lebenderkennung: aus',
    'off (demo)': 'Lebenderkennung: aus (Demo)',
    passed: 'Lebenderkennung: bestanden',
    'not-needed': '',
  },
  voided: {
    label: 'Storniert',
    'not-me': 'Storniert: nicht ich',
    'wrong-direction': 'Storniert: falsche Richtung',
    staff: 'Vom Personal storniert',
    corrected: 'Korrigiert',
    'not-right': 'Storniert: falsch',
  },
} satisfies Sentences;

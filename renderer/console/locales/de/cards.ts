import type { Sentences } from '../../../shared/i18n.ts';

export const cards = {
  title: 'Karten und Ausweise',
  none: 'Noch keine.',
  card: 'Karte',
  badge: 'Ausweis',
  issued: 'ausgestellt',
  revokedAt: 'gesperrt',
  issue: 'Karte drucken',
  issueText: 'Eine neue Karte entsteht. Wer sie hat, kommt mit ihr herein; der Code wird nur jetzt gezeigt.',
  print: 'Die Karte',
  printText: 'Jetzt drucken: ist das Fenster zu, ist der Code fort, und es braucht eine neue Karte.',
  qr: 'QR-Code der Karte',
  revoke: 'Sperren',
  revokeText: 'Sie öffnet nichts mehr, sobald die Kioske es erfahren.',
  revoked: 'Gesperrt.',
  addBadge: 'Ausweis hinzufügen',
  badgeText: 'Ein vorhandener Ausweis, mit der Nummer, die ein Lesegerät liefert.',
  number: 'Ausweisnummer',
} satisfies Sentences;

import type { Sentences } from '../../../shared/i18n.ts';

export const cards = {
  title: 'Karten und Ausweise',
  none: 'Noch keine.',
  card: 'Karte',
  badge: 'Ausweis',
  issued: 'ausgestellt am',
  revokedAt: 'gesperrt am',
  issue: 'Karte drucken',
  issueText: 'Es wird eine neue Karte erstellt. Wer sie hat, kann damit buchen; der Code wird nur einmal angezeigt.',
  print: 'Karte',
  printText:
    'Drucken Sie die Karte jetzt. Nach dem Schließen lässt sich der Code nicht mehr anzeigen; dann brauchen Sie eine neue Karte.',
  qr: 'QR-Code der Karte',
  revoke: 'Sperren',
  revokeText: 'Kioske lehnen sie ab, sobald sie sich das nächste Mal verbinden.',
  revoked: 'Gesperrt.',
  addBadge: 'Ausweis hinzufügen',
  badgeText: 'Für einen Ausweis, den die Person schon hat. Geben Sie die Nummer so ein, wie das Lesegerät sie anzeigt.',
  number: 'Ausweisnummer',
} satisfies Sentences;

import type { Sentences } from '../../../shared/i18n.ts';

export const cards = {
  title: 'Cards and badges',
  none: 'None yet.',
  card: 'Card',
  badge: 'Badge',
  issued: 'issued',
  revokedAt: 'revoked',
  issue: 'Print a card',
  issueText: 'A new card is made. Whoever holds it is let in by it; its code is shown this once.',
  print: 'The card',
  printText: 'Print it now: when this window is closed, its code is gone, and a new card has to be made.',
  qr: 'QR code of the card',
  revoke: 'Revoke',
  revokeText: 'It opens nothing any more at kiosks that hear of it.',
  revoked: 'Revoked.',
  addBadge: 'Add a badge',
  badgeText: 'A badge that the person has already, by the number that a reader gives.',
  number: 'Badge number',
} satisfies Sentences;

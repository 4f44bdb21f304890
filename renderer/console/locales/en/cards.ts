import type { Sentences } from '../../../shared/i18n.ts';

export const cards = {
  title: 'Cards and badges',
  none: 'None yet.',
  card: 'Card',
  badge: 'Badge',
  issued: 'issued',
  revokedAt: 'revoked',
  issue: 'Print card',
  issueText: 'This creates a new card. Anyone holding it can check in with it, and its code is shown only once.',
  print: 'Card',
  printText: 'Print it now. Once you close this window, the code can’t be shown again and you’ll need a new card.',
  qr: 'Card QR code',
  revoke: 'Revoke',
  revokeText: 'Kiosks stop accepting it as soon as they next connect.',
  revoked: 'Revoked.',
  addBadge: 'Add badge',
  badgeText: 'For a badge the person already has. Enter the number as the reader shows it.',
  number: 'Badge number',
} satisfies Sentences;

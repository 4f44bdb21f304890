import type { Sentences } from '../../../shared/i18n.ts';

export const consents = {
  nav: 'Consents',
  lead: 'Every consent given or withdrawn, newest first.',
  none: 'No consents yet',
  noneText: 'People give consent at a kiosk, to staff, or on their personal page.',
  word: 'Decision',
  who: 'Person',
  text: 'Text',
  via: 'Source',
  at: 'Time',
} satisfies Sentences;

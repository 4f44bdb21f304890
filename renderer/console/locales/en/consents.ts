import type { Sentences } from '../../../shared/i18n.ts';

export const consents = {
  nav: 'Consents',
  lead: 'Every word that was given or taken back, newest first.',
  none: 'No consent yet',
  noneText: 'They come from kiosks, from staff and from people’s own pages.',
  word: 'What',
  who: 'Person',
  text: 'Text',
  via: 'How',
  at: 'When',
} satisfies Sentences;

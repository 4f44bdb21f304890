import type { Sentences } from '../../../shared/i18n.ts';

export const consents = {
  nav: 'Einwilligungen',
  lead: 'Alle erteilten und widerrufenen Einwilligungen, neueste zuerst.',
  none: 'Noch keine Einwilligungen',
  noneText: 'Personen willigen am Kiosk, beim Personal oder auf ihrer persönlichen Seite ein.',
  word: 'Entscheidung',
  who: 'Person',
  text: 'Text',
  via: 'Quelle',
  at: 'Zeit',
} satisfies Sentences;

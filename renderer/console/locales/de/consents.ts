import type { Sentences } from '../../../shared/i18n.ts';

export const consents = {
  nav: 'Einwilligungen',
  lead: 'Jede Erteilung und jeder Widerruf, neueste zuerst.',
  none: 'Noch keine Einwilligung',
  noneText: 'Sie kommen von Kiosken, vom Personal und von eigenen Seiten.',
  word: 'Was',
  who: 'Person',
  text: 'Text',
  via: 'Wie',
  at: 'Wann',
} satisfies Sentences;

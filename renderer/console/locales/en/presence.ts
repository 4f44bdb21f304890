import type { Sentences } from '../../../shared/i18n.ts';

export const presence = {
  nav: 'Inside now',
  lead: 'Who is inside, by their newest record. Older ones than 18 hours are taken for a forgotten check-out.',
  person: 'Person',
  since: 'Since',
  kiosk: 'Last kiosk',
  method: 'How',
  byHand: 'By hand',
  empty: 'Nobody is inside',
  emptyText: 'Whoever checks in appears here.',
  kiosks: 'Known as of',
  kiosksText: 'What a kiosk recorded after this is not in the list yet.',
  never: 'never heard',
  silent: 'not in contact',
  refresh: 'Read again',
  count_one: '{{count}} person inside',
  count_other: '{{count}} people inside',
} satisfies Sentences;

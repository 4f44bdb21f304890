import type { Sentences } from '../../../shared/i18n.ts';

export const presence = {
  nav: 'Jetzt im Haus',
  lead: 'Wer im Haus ist, nach der neuesten Buchung. Ältere als 18 Stunden gelten als vergessenes Gehen.',
  person: 'Person',
  since: 'Seit',
  kiosk: 'Letzter Kiosk',
  method: 'Wie',
  byHand: 'Von Hand',
  empty: 'Niemand ist im Haus',
  emptyText: 'Wer kommt, erscheint hier.',
  kiosks: 'Bekannt bis',
  kiosksText: 'Was ein Kiosk danach erfasst hat, steht noch nicht in der Liste.',
  never: 'nie gehört',
  silent: 'nicht in Verbindung',
  refresh: 'Neu lesen',
  count_one: '{{count}} Person im Haus',
  count_other: '{{count}} Personen im Haus',
} satisfies Sentences;

import type { Sentences } from '../../../shared/i18n.ts';

export const presence = {
  nav: 'Jetzt anwesend',
  lead: 'Wer anwesend ist, nach der letzten Buchung. Nach 18 Stunden gilt das Gehen als vergessen.',
  person: 'Person',
  since: 'Seit',
  kiosk: 'Letzter Kiosk',
  method: 'Methode',
  byHand: 'Manuell',
  empty: 'Niemand ist anwesend',
  emptyText: 'Personen erscheinen hier, sobald sie kommen.',
  kiosks: 'Datenstand',
  kiosksText: 'Spätere Buchungen an einem Kiosk sind noch nicht enthalten.',
  never: 'nie verbunden',
  silent: 'nicht verbunden',
  refresh: 'Aktualisieren',
  count_one: '{{count}} Person anwesend',
  count_other: '{{count}} Personen anwesend',
} satisfies Sentences;

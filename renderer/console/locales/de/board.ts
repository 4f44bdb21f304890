import type { Sentences } from '../../../shared/i18n.ts';

export const board = {
  nav: 'Live-Tafel',
  title: 'Anwesenheit live',
  line: { live: 'Live', connecting: 'Verbinde …', lost: 'Keine Verbindung' },
  lost: {
    title: 'Die Verbindung zum Server ist unterbrochen.',
    text: 'Sie sehen den Stand von {{time}}. Die Kioske buchen weiter; diese Seite versucht es von selbst erneut.',
  },
  stats: {
    inside: 'Jetzt im Haus',
    insideHint: 'nach letzter Buchung heute',
    came: 'Heute gekommen',
    cameHint_one: 'Person',
    cameHint_other: 'Personen',
    latest: 'Letzte Buchung',
    none: 'Noch keine',
  },
  list: {
    title: 'Buchungen',
    count_one: '{{count}} Buchung heute',
    count_other: '{{count}} Buchungen heute',
    today: 'Heute',
    yesterday: 'Gestern',
    unknown: 'Name hier nicht bekannt',
    emptyTitle: 'Noch niemand hat gebucht',
    emptyText: 'Die erste Buchung an einem Kiosk erscheint hier von selbst.',
    late: 'eingetroffen {{time}}',
  },
  kiosks: {
    title: 'Kioske',
    online: 'In Verbindung',
    silent: 'Zuletzt gehört: {{ago}}',
    never: 'Noch nicht gehört',
    none: 'Noch kein Kiosk ist angemeldet.',
  },
} satisfies Sentences;

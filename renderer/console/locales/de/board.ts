import type { Sentences } from '../../../shared/i18n.ts';

export const board = {
  nav: 'Live-Übersicht',
  title: 'Anwesenheit live',
  line: { live: 'Live', connecting: 'Verbindung wird hergestellt …', lost: 'Getrennt' },
  lost: {
    title: 'Die Verbindung zum Server ist unterbrochen.',
    text: 'Sie sehen den Stand von {{time}}. Die Kioske arbeiten weiter; diese Seite verbindet sich automatisch neu.',
  },
  stats: {
    inside: 'Jetzt anwesend',
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
    unknown: 'Name unbekannt',
    emptyTitle: 'Noch keine Buchungen',
    emptyText: 'Die erste Buchung an einem Kiosk erscheint hier automatisch.',
    late: 'empfangen {{time}}',
  },
  kiosks: {
    title: 'Kioske',
    online: 'Verbunden',
    silent: 'Zuletzt verbunden {{ago}}',
    never: 'Noch nie verbunden',
    none: 'Noch kein Kiosk registriert.',
  },
} satisfies Sentences;

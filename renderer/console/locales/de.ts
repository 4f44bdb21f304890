import type { Sentences } from '../../shared/i18n.ts';

export const de = {
  title: 'Anwesenheit live',
  languageSwitch: 'Sprache',
  leave: 'Abmelden',
  siteTime: 'Ortszeit, {{zone}}',

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
  direction: { in: 'Kommen', out: 'Gehen' },
  method: {
    face: 'Gesicht',
    'badge+face': 'Ausweis und Gesicht',
    'qr+face': 'QR-Code und Gesicht',
    'number+face': 'Nummer und Gesicht',
    'number+pin': 'Nummer und PIN',
    qr: 'QR-Code',
    badge: 'Ausweis',
    manual: 'Vom Personal erfasst',
  },
  liveness: {
    off: 'Lebenderkennung: aus',
    'off (demo)': 'Lebenderkennung: aus (Demo)',
    passed: 'Lebenderkennung: bestanden',
    'not-needed': '',
  },
  voided: {
    label: 'Storniert',
    'not-me': 'Storniert: nicht ich',
    'wrong-direction': 'Storniert: falsche Richtung',
    staff: 'Vom Personal storniert',
  },

  kiosks: {
    title: 'Kioske',
    online: 'In Verbindung',
    silent: 'Zuletzt gehört: {{ago}}',
    never: 'Noch nicht gehört',
    none: 'Noch kein Kiosk ist angemeldet.',
  },

  enter: {
    title: 'Live-Tafel öffnen',
    text: 'Dieser Link gilt einmal. Die Taste meldet diesen Browser für zwölf Stunden an.',
    button: 'Anmelden',
    busy: 'Melde an …',
  },
  opening: 'Öffne …',
  out: {
    title: 'Sie sind nicht angemeldet',
    text: 'Öffnen Sie den Anmelde-Link, den der Server beim Start ausgegeben hat. Jeder Start gibt einen neuen aus.',
    'link-already-used': 'Dieser Link wurde schon benutzt. Er gilt nur einmal.',
    'link-expired': 'Dieser Link ist älter als eine Stunde.',
    'link-unknown': 'Dieser Link gehört nicht zu diesem Server. Vielleicht wurde er inzwischen neu gestartet.',
    'bad-request': 'Dieser Link ist unvollständig. Kopieren Sie ihn ganz.',
    'too-many-requests': 'Zu viele Versuche. Warten Sie eine Minute.',
    'session-ended': 'Ihre Anmeldung ist abgelaufen.',
    left: 'Sie haben sich abgemeldet.',
    unreachable: 'Der Server ist nicht erreichbar. Der Link bleibt gültig; versuchen Sie es gleich noch einmal.',
    'internal-error': 'Der Server hat versagt. Sein Protokoll sagt warum.',
  },
} satisfies Sentences;

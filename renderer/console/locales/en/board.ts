import type { Sentences } from '../../../shared/i18n.ts';

export const board = {
  nav: 'Live board',
  title: 'Live attendance',
  line: { live: 'Live', connecting: 'Connecting…', lost: 'Disconnected' },
  lost: {
    title: 'Connection to the server lost.',
    text: 'You’re seeing data from {{time}}. Kiosks keep checking people in; this page reconnects automatically.',
  },
  stats: {
    inside: 'Inside now',
    insideHint: 'by latest record today',
    came: 'Arrivals today',
    cameHint_one: 'person',
    cameHint_other: 'people',
    latest: 'Latest check-in',
    none: 'None yet',
  },
  list: {
    title: 'Check-ins',
    count_one: '{{count}} record today',
    count_other: '{{count}} records today',
    today: 'Today',
    yesterday: 'Yesterday',
    unknown: 'Unknown name',
    emptyTitle: 'No check-ins yet',
    emptyText: 'The first check-in at a kiosk appears here automatically.',
    late: 'received {{time}}',
  },
  kiosks: {
    title: 'Kiosks',
    online: 'Connected',
    silent: 'Last seen {{ago}}',
    never: 'Never connected',
    none: 'No kiosks registered yet.',
  },
} satisfies Sentences;

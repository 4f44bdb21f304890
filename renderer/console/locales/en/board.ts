import type { Sentences } from '../../../shared/i18n.ts';

export const board = {
  nav: 'Live board',
  title: 'Live attendance',
  line: { live: 'Live', connecting: 'Connecting…', lost: 'No connection' },
  lost: {
    title: 'The connection to the server is lost.',
    text: 'What you see is from {{time}}. The kiosks go on checking people in; this page tries again by itself.',
  },
  stats: {
    inside: 'Inside now',
    insideHint: 'by last record today',
    came: 'Came in today',
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
    unknown: 'Name not known here',
    emptyTitle: 'Nobody has checked in yet',
    emptyText: 'The first check-in at a kiosk appears here by itself.',
    late: 'arrived {{time}}',
  },
  kiosks: {
    title: 'Kiosks',
    online: 'In contact',
    silent: 'Last heard {{ago}}',
    never: 'Not heard yet',
    none: 'No kiosk is registered yet.',
  },
} satisfies Sentences;

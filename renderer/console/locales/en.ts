import type { Sentences } from '../../shared/i18n.ts';

export const en = {
  title: 'Live attendance',
  languageSwitch: 'Language',
  leave: 'Sign out',
  siteTime: 'Time at the site, {{zone}}',

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
  direction: { in: 'In', out: 'Out' },
  method: {
    face: 'Face',
    'badge+face': 'Badge and face',
    'qr+face': 'QR code and face',
    'number+face': 'Number and face',
    'number+pin': 'Number and PIN',
    qr: 'QR code',
    badge: 'Badge',
    manual: 'Entered by staff',
  },
  liveness: {
    off: 'Liveness: off',
    'off (demo)': 'Liveness: off (demo)',
    passed: 'Liveness: passed',
    'not-needed': '',
  },
  voided: {
    label: 'Voided',
    'not-me': 'Voided: not me',
    'wrong-direction': 'Voided: wrong direction',
    staff: 'Voided by staff',
  },

  kiosks: {
    title: 'Kiosks',
    online: 'In contact',
    silent: 'Last heard {{ago}}',
    never: 'Not heard yet',
    none: 'No kiosk is registered yet.',
  },

  enter: {
    title: 'Open the live board',
    text: 'This link works once. The button signs this browser in for twelve hours.',
    button: 'Sign in',
    busy: 'Signing in…',
  },
  opening: 'Opening…',
  out: {
    title: 'You are not signed in',
    text: 'Open the sign-in link that the server printed when it started. Each start prints a new one.',
    'link-already-used': 'This link was already used. It works once.',
    'link-expired': 'This link is older than an hour.',
    'link-unknown': 'This link is not one of this server. Perhaps it was started anew since.',
    'bad-request': 'This link is not complete. Copy the whole of it.',
    'too-many-requests': 'Too many attempts. Wait a minute.',
    'session-ended': 'Your sign-in has ended.',
    left: 'You have signed out.',
    unreachable: 'The server can’t be reached. The link stays good; try it again in a moment.',
    'internal-error': 'The server failed. Its log says why.',
  },
} satisfies Sentences;

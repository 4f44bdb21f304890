import type { Sentences } from '../../../shared/i18n.ts';

export const presence = {
  nav: 'Inside now',
  lead: 'Who is inside, by their latest record. After 18 hours, a missing check-out is assumed to be forgotten.',
  person: 'Person',
  since: 'Since',
  kiosk: 'Last kiosk',
  method: 'Method',
  byHand: 'Manual entry',
  empty: 'No one is inside',
  emptyText: 'People appear here when they check in.',
  kiosks: 'Data as of',
  kiosksText: 'Records made at a kiosk after this time aren’t included yet.',
  never: 'never connected',
  silent: 'disconnected',
  refresh: 'Refresh',
  count_one: '{{count}} person inside',
  count_other: '{{count}} people inside',
} satisfies Sentences;

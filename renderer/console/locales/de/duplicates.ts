import type { Sentences } from '../../../shared/i18n.ts';

export const duplicates = {
  nav: 'Mögliche Dubletten',
  lead: 'Personen, die vielleicht doppelt erfasst sind. Nur für das Personal sichtbar.',
  none: 'Keine möglichen Dubletten',
  noneText: 'Zwei Personen mit derselben Nummer oder ähnlichen Gesichtern erscheinen hier innerhalb einer Minute.',
  pair: 'Personen',
  and: 'und',
  why: 'Grund',
  found: 'Gefunden',
  face: 'Ähnliche Gesichter ({{score}})',
  number: 'Gleiche Nummer',
  compare: 'Vergleichen',
  apart: 'Verschiedene Personen',
  apartText: 'Dieses Paar wird nicht wieder vorgeschlagen.',
  apartDone: 'Als verschiedene Personen vermerkt.',
  merge: 'Zusammenführen',
  mergeText:
    '{{name}} bleibt. Buchungen, Einwilligungen und Vorlagen der anderen Person gehen auf sie über. Das lässt sich nicht rückgängig machen.',
  mergeDone_one: 'Zusammengeführt. {{count}} Buchung übertragen.',
  mergeDone_other: 'Zusammengeführt. {{count}} Buchungen übertragen.',
  keep: 'Diese Person behalten',
} satisfies Sentences;

import type { Sentences } from '../../../shared/i18n.ts';

export const duplicates = {
  nav: 'Mögliche Doppelte',
  lead: 'Menschen, die vielleicht doppelt erfasst sind. Das sieht nur das Personal.',
  none: 'Kein Paar ist offen',
  noneText: 'Zwei Personen mit einer Nummer oder ähnlichen Gesichtern erscheinen hier binnen einer Minute.',
  pair: 'Die beiden',
  and: 'und',
  why: 'Warum',
  found: 'Gefunden',
  face: 'Gesichter ähnlich ({{score}})',
  number: 'Dieselbe Nummer',
  compare: 'Vergleichen',
  apart: 'Zwei Personen',
  apartText: 'Nach ihnen wird nicht wieder gefragt.',
  apartDone: 'Vermerkt: zwei Personen.',
  merge: 'Zusammenführen',
  mergeText:
    '{{name}} bleibt. Einträge, Einwilligungen und Vorlagen der anderen gehen über. Das lässt sich nicht zurücknehmen.',
  mergeDone_one: 'Zusammengeführt; {{count}} Eintrag ging über.',
  mergeDone_other: 'Zusammengeführt; {{count}} Einträge gingen über.',
  keep: 'Diese Person bleibt',
} satisfies Sentences;

import type { Sentences } from '../../../shared/i18n.ts';

export const duplicates = {
  nav: 'Possible duplicates',
  lead: 'People who may have been enrolled twice. Only staff sees this.',
  none: 'No pair is open',
  noneText: 'Two people with one number, or with faces that are alike, appear here within a minute.',
  pair: 'The two',
  and: 'and',
  why: 'Why',
  found: 'Found',
  face: 'Faces alike ({{score}})',
  number: 'The same number',
  compare: 'Compare',
  apart: 'Two people',
  apartText: 'They are not asked about again.',
  apartDone: 'Noted: two people.',
  merge: 'Merge the two',
  mergeText: '{{name}} stays. Records, consents and templates of the other become theirs. This can not be taken back.',
  mergeDone_one: 'Merged; {{count}} record changed hands.',
  mergeDone_other: 'Merged; {{count}} records changed hands.',
  keep: 'This one stays',
} satisfies Sentences;

import type { Sentences } from '../../../shared/i18n.ts';

export const duplicates = {
  nav: 'Possible duplicates',
  lead: 'People who may have been enrolled twice. Only visible to staff.',
  none: 'No possible duplicates',
  noneText: 'Two people with the same number or similar faces appear here within a minute.',
  pair: 'People',
  and: 'and',
  why: 'Reason',
  found: 'Found',
  face: 'Similar faces ({{score}})',
  number: 'Same number',
  compare: 'Compare',
  apart: 'Different people',
  apartText: 'This pair won’t be suggested again.',
  apartDone: 'Marked as different people.',
  merge: 'Merge',
  mergeText: '{{name}} is kept. The other person’s records, consents and templates move to them. This can’t be undone.',
  mergeDone_one: 'Merged. {{count}} record moved.',
  mergeDone_other: 'Merged. {{count}} records moved.',
  keep: 'Keep this person',
} satisfies Sentences;

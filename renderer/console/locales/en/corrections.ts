import type { Sentences } from '../../../shared/i18n.ts';

export const corrections = {
  nav: 'Corrections',
  lead: 'Who corrected what, and why. A correction can be undone; nothing is ever edited.',
  kind: { add: 'Added', replace: 'Replaced', void: 'Voided', undo: 'Undone' },
  what: 'What',
  result: 'Now says',
  reason: 'Reason',
  madeAt: 'Made',
  empty: 'Nothing was corrected yet',
  emptyText: 'Records are corrected from the list of records.',
  undo: 'Undo',
  undoTitle: 'Undo this correction?',
  undone: 'Undone',
  undoReason: 'Undone in the console',
  title: { add: 'Add a record', replace: 'Correct a record', void: 'Void a record' },
  number: 'Number of the person',
  numberHint: 'Their personnel number. Names can’t be searched: they are encrypted.',
  find: 'Find',
  nobody: 'Nobody has this number.',
  date: 'Day',
  time: 'Time',
  save: 'Save',
  done: 'It is corrected.',
  voidText: 'It stays on the list and counts nowhere.',
  replaceText:
    'Change the time or the direction. If it was somebody else, void this record and add one for the right person.',
} satisfies Sentences;

import type { Sentences } from '../../../shared/i18n.ts';

export const lookalikes = {
  question: 'Is this the same person?',
  ours: 'To be enrolled',
  theirs: 'Already enrolled',
  since: 'Enrolled',
  noPicture: 'There is no picture of this person here: compare name and number.',
  pictureOf: 'Picture of {{name}}',
  effect:
    'If these are two people, {{other}} stays enrolled and {{name}} is enrolled too. From then on neither of them is recognised by face alone: each enters their number or shows a code or badge first, and the face is then compared with that one person.',
  samePerson: 'If this is one person, do not go on: they would be enrolled twice. Use the record that exists.',
  typeNumber: 'Type the number of the person already enrolled, {{word}}, to confirm that you compared both',
  typeName: 'Type the name of the person already enrolled, {{word}}, to confirm that you compared both',
  overrule: 'Different people, enrol anyway',
  notYours:
    'Only an administrator can decide this. Nobody is turned away: give {{name}} a PIN, a code or a badge in the meantime.',
  wait: 'Ask an administrator',
  waiting: 'An administrator will decide; it is in Attention. Until then {{name}} can use a PIN, a code or a badge.',
  otherWays: 'Give a PIN, code or badge',
  compare: 'Compare',
  waitsLead:
    '{{name}} was photographed for enrolment, and the face is like somebody else’s. Nobody is recognised by these pictures before you decide.',
  until: 'Deleted if nobody decides by',
  otherGone: 'The person whose face was similar has been deleted. Nothing stands against this enrolment any more.',
  refuse: 'Do not enrol',
  refuseText: 'The pictures are deleted, and nobody is enrolled from them.',
  refusedDone: 'Not enrolled. The pictures are deleted.',
  accepted: 'Enrolled. Both people enter a number, code or badge first from now on.',
  title: 'Lookalikes',
  lead: 'People whose faces are too much alike. They enter a number or show a code or badge first; then the face is compared with that one person.',
  none: 'No lookalikes',
  noneText:
    'A pair appears here when somebody is enrolled although the face is like another’s, or after two “not me” between the same two people.',
  where: 'Marked at',
  console: 'Console',
  at: 'Since',
  reason: {
    enrolment: 'Enrolled as different people',
    'not-me': 'Taken for each other twice',
    'two-people': 'Compared, and found to be two people',
  },
  remove: 'Undo',
  removeText:
    '{{name}} and {{other}} are recognised by face alone again. If their faces are alike, one may be checked in as the other.',
  removed: 'Undone. Both are recognised by face again.',
} satisfies Sentences;

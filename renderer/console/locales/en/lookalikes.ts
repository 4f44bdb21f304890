import type { Sentences } from '../../../shared/i18n.ts';

export const lookalikes = {
  question: 'Is this the same person?',
  ours: 'New enrolment',
  theirs: 'Already enrolled',
  since: 'Enrolled',
  noPicture: 'No picture of this person available. Compare name and number.',
  pictureOf: 'Picture of {{name}}',
  effect:
    'If these are two people, {{other}} stays enrolled and {{name}} is enrolled too. From then on, neither is recognised by face alone: each first enters their number or shows a code or badge, and their face is then compared with that one person.',
  samePerson: 'If this is the same person, stop here so they aren’t enrolled twice. Use the existing entry.',
  typeNumber: 'To confirm that you compared both, enter the number of the person already enrolled: {{word}}',
  typeName: 'To confirm that you compared both, enter the name of the person already enrolled: {{word}}',
  overrule: 'Different people, enrol anyway',
  notYours:
    'Only an administrator can decide this. Meanwhile, give {{name}} a PIN, code or badge so they can check in.',
  wait: 'Ask an administrator',
  waiting: 'Sent to an administrator (see Needs attention). Until then, {{name}} can use a PIN, code or badge.',
  otherMethods: 'Set up PIN, code or badge',
  compare: 'Compare',
  waitsLead: '{{name}}’s face resembles someone else’s. Until you decide, these pictures aren’t used for recognition.',
  until: 'Deleted automatically if undecided by',
  otherGone: 'The person with the similar face has been deleted. You can go ahead with this enrolment.',
  refuse: 'Don’t enrol',
  refuseText: 'The pictures are deleted and no one is enrolled.',
  refusedDone: 'Not enrolled. Pictures deleted.',
  accepted: 'Enrolled. Both people now enter a number, code or badge first.',
  title: 'Lookalikes',
  lead: 'People whose faces are too similar to tell apart. They first enter a number or show a code or badge; their face is then compared with that one person.',
  none: 'No lookalikes',
  noneText:
    'A pair appears here when someone is enrolled despite a similar face, or when two people are mistaken for each other twice.',
  where: 'Marked at',
  console: 'Console',
  at: 'Since',
  reason: {
    enrolment: 'Enrolled as different people',
    'not-me': 'Mistaken for each other twice',
    'two-people': 'Compared: two people',
  },
  remove: 'Unmark',
  removeText:
    '{{name}} and {{other}} will be recognised by face alone again. If their faces are similar, one could be checked in as the other.',
  removed: 'Unmarked. Both are recognised by face again.',
} satisfies Sentences;

import type { Sentences } from '../../../shared/i18n.ts';

export const texts = {
  nav: 'Consent texts',
  lead: 'Your own texts. People can agree only to a text that a data protection officer has reviewed; a text never changes, a mend is a new version.',
  none: 'There is none yet: kiosks show the text that ships with them.',
  add: 'Add a text',
  added: 'Added. It waits for its review.',
  addText: 'In one language. The newest version that was reviewed is in force, in the languages in which it was.',
  version: 'Version',
  versionHint: 'Letters, figures and hyphens, e.g. 2026-11',
  title: 'Title',
  body: 'Text',
  bodyHint: 'An empty line begins a new paragraph. Filled in at the kiosk: {{fields}}',
  inForce: 'In force',
  older: 'Reviewed, an older version',
  waits: 'Waits for its review',
  made: 'Added',
  reviewedAt: 'reviewed',
  review: 'I have reviewed it',
  reviewText: 'You know the law and {{language}}, and have read the text. People may agree to it from now on.',
  reviewed: 'Reviewed. Kiosks get it now.',
  dpoOnly: 'Only a data protection officer can review it.',
} satisfies Sentences;

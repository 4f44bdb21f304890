import type { Sentences } from '../../../shared/i18n.ts';

export const texts = {
  nav: 'Consent texts',
  lead: 'Your own consent texts. People can consent only to a text that a data protection officer has reviewed. Texts can’t be changed; edits create a new version.',
  none: 'No texts yet: kiosks show the built-in text.',
  add: 'Add text',
  added: 'Added. Awaiting review.',
  addText: 'For one language. In each language, the latest reviewed version is in force.',
  version: 'Version',
  versionHint: 'Letters, numbers and hyphens, e.g. 2026-11',
  title: 'Title',
  body: 'Text',
  bodyHint: 'A blank line starts a new paragraph. Filled in at the kiosk: {{fields}}',
  inForce: 'In force',
  older: 'Reviewed, older version',
  waits: 'Awaiting review',
  made: 'Added',
  reviewedAt: 'reviewed',
  review: 'Mark as reviewed',
  reviewText:
    'You know the relevant law and {{language}}, and have read this text. From now on, people can consent to it.',
  reviewed: 'Reviewed. Kiosks now receive it.',
  dpoOnly: 'Only a data protection officer can review texts.',
} satisfies Sentences;

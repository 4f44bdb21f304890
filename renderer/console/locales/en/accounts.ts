import type { Sentences } from '../../../shared/i18n.ts';

export const accounts = {
  nav: 'Accounts',
  lead: 'Who works with this console, and as what.',
  add: 'Add an account',
  addText: 'They get a one-time link, and set password and authenticator app themselves.',
  role: 'Role',
  may: {
    staff: 'People, enrolment, attendance, what waits',
    admin: 'All that staff may, kiosks, settings, accounts',
    dpo: 'Consents, erasures, retention, audit, incidents',
    auditor: 'Reads the audit log and the records about the system, and no name',
  },
  ready: 'Ready',
  pending: 'No password yet',
  disabled: 'Disabled',
  signedIn: 'Last sign-in',
  link: 'New link',
  linkText: 'Hand this to them alone. It works once.',
  disable: 'Disable',
  enable: 'Enable',
  isDisabled: 'Disabled; their sessions have ended.',
  enabled: 'Enabled.',
  remove: 'Remove',
  removeText: 'The account goes. What it did stays in the audit log.',
  removed: 'Removed.',
} satisfies Sentences;

import type { Sentences } from '../../../shared/i18n.ts';

export const accounts = {
  nav: 'Accounts',
  lead: 'Everyone who can use this console, and their role.',
  add: 'Add account',
  addText: 'They get a one-time link and set up their own password and authenticator app.',
  role: 'Role',
  may: {
    staff: 'People, enrolment, attendance, items that need attention',
    admin: 'Everything staff can do, plus kiosks, settings and accounts',
    dpo: 'Consents, erasure requests, retention, audit log, incidents',
    auditor: 'Read-only: audit log and system reports, without names',
  },
  ready: 'Active',
  pending: 'Not set up yet',
  disabled: 'Disabled',
  signedIn: 'Last sign-in',
  link: 'Create new link',
  linkText: 'Give this link only to them. It works once.',
  disable: 'Disable',
  enable: 'Enable',
  isDisabled: 'Disabled. All their sessions were signed out.',
  enabled: 'Enabled.',
  remove: 'Remove',
  removeText: 'The account is deleted. Its activity stays in the audit log.',
  removed: 'Removed.',
} satisfies Sentences;

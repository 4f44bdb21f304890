import type { Sentences } from '../../../shared/i18n.ts';
import { errors } from './errors.ts';

/** By the code of the refusal; one without a sentence here is shown in the server's English. Sorted. */
export const problem = {
  ...errors,
  'account-disabled': { title: 'This account is disabled.', next: 'Ask an administrator.' },
  'answer-unreadable': { title: 'This page is out of date.', next: 'Reload it to match the server.' },
  'attempts-paused': { title: 'Too many attempts.', next: 'Wait {{seconds}} seconds, then try again.' },
  'bad-request': { title: 'Some of the information isn’t valid.', next: 'Check your entries and try again.' },
  'email-missing': { title: 'No e-mail address given.', next: 'Enter the address you want to sign in with.' },
  'email-taken': { title: 'Another account already uses this address.', next: 'Use a different address.' },
  'internal-error': {
    title: 'Something went wrong on the server.',
    next: 'Try again. If it keeps happening, check the server log.',
  },
  'link-already-used': { title: 'This link has already been used.', next: 'Each link works once. Ask for a new one.' },
  'link-expired': { title: 'This link has expired.', next: 'Ask for a new one.' },
  'link-unknown': { title: 'This link isn’t valid.', next: 'Ask for a new one.' },
  'no-session': { title: 'You’re not signed in.', next: 'Sign in again.' },
  'not-allowed': { title: 'You don’t have permission to do this.', next: 'Ask an administrator if you need access.' },
  'not-for-people': {
    title: 'This link opens your personal page, not the console.',
    next: 'Ask for a link to the console, or open your personal page.',
  },
  'password-weak': {
    title: 'This password is too easy to guess.',
    next: 'Use at least 12 characters, no common words, and not your e-mail address.',
  },
  'proof-wrong': {
    title: 'Wrong current password or code.',
    next: 'Enter your current password and a new code from the app.',
  },
  'second-factor-wrong': {
    title: 'That code isn’t right.',
    next: 'Enter the code the app shows now. Each code works once.',
  },
  'sign-in-refused': {
    title: 'Wrong e-mail address, password or code.',
    next: 'Try again with a new code: each works once. If you can’t get in, ask an administrator for a link.',
  },
  'too-many-requests': { title: 'Too many attempts.', next: 'Wait a minute, then try again.' },
  unreachable: { title: 'The server can’t be reached.', next: 'Try again in a moment. Nothing has been lost.' },
  'attention-elsewhere': {
    title: 'This can’t be resolved from here.',
    next: 'Decide on the pair, or finish reviewing the import.',
  },
  'attention-unknown': { title: 'This item no longer exists.', next: 'Refresh the list.' },
  'consent-missing': {
    title: 'This person has no consent on record.',
    next: 'Show them the text and record their consent first.',
  },
  'privacy-not-set': {
    title: 'Your organisation isn’t set yet, and the consent text must name it.',
    next: 'Add it in Settings, under privacy contacts.',
  },
  'consent-outdated': {
    title: 'The consent text has changed since it was read.',
    next: 'Show the current text under Consent and record consent again.',
  },
  'consent-text-not-reviewed': {
    title: 'This text hasn’t been reviewed in this language.',
    next: 'Have it reviewed, or use a language that has been.',
  },
  'consent-text-exists': {
    title: 'This version already exists in this language.',
    next: 'Use a new version number.',
  },
  'erasure-requested': { title: 'This person has requested erasure.', next: 'Cancel the request first.' },
  'faces-off': {
    title: 'Face recognition is off at all of this person’s sites.',
    next: 'Set up another check-in method for them.',
  },
  'guardian-required': {
    title: 'This person is below the age of consent.',
    next: 'Enter the guardian’s name and relationship.',
  },
  'import-people-wrong': {
    title: 'No one was created. Rows with errors: {{count}}.',
    next: 'Fix the errors and upload the list again.',
  },
  'import-people-busy': {
    title: 'This list is still being processed.',
    next: 'Wait until it has finished.',
  },
  'import-nobody-new': { title: 'Everyone in this list already exists.', next: 'You don’t need to do anything.' },
  'import-nobody-made': { title: 'This list hasn’t created anyone.', next: 'There is no one to remove.' },
  'list-unreadable': {
    title: 'The list can’t be read: it needs a header row with name and number or e-mail.',
    next: 'Save it as a CSV file with UTF-8 encoding.',
  },
  'import-closed': { title: 'This import is closed or being processed.', next: 'Start a new import.' },
  'import-full': { title: 'This import can’t hold any more pictures.', next: 'Start a new import for the rest.' },
  'not-a-minor': {
    title: 'This person is old enough to consent themselves.',
    next: 'Leave out the date of birth.',
  },
  'own-consent-required': {
    title: 'This person has reached the age of consent.',
    next: 'Ask them and record their own consent.',
  },
  'person-changed': {
    title: 'Someone else changed this person’s data in the meantime.',
    next: 'Refresh the page and make your change again.',
  },
  'person-unknown': { title: 'This person doesn’t exist.', next: 'Search for them again.' },
  'pin-without-number': {
    title: 'This person has no number, and a PIN needs one.',
    next: 'Add a number first.',
  },
  'staff-exists': { title: 'There is already a kiosk staff member with this name.', next: 'Use their full name.' },
  'staff-too-many': { title: 'This site has reached the limit for kiosk staff.', next: 'Remove someone first.' },
  'staff-unknown': { title: 'This staff member no longer exists.', next: 'Refresh the page.' },
  'staff-badge-taken': { title: 'Another staff member has this badge.', next: 'Use a different badge.' },
  'staff-of-kiosk': {
    title: 'This staff member belongs to one kiosk.',
    next: 'Make changes at that kiosk, under Staff > Kiosk staff.',
  },
  'staff-no-factor': { title: 'Only technicians have a second factor.', next: 'Reset the PIN instead.' },
  'templates-on-card': {
    title: 'One of this person’s sites keeps face templates only on the person’s card.',
    next: 'Enrol them at a kiosk, which creates the card.',
  },
  'fingerprint-differs': {
    title: 'This isn’t the kiosk’s fingerprint.',
    next: 'Check it on the kiosk’s screen again. If it still differs, don’t approve the kiosk.',
  },
  'zip-broken': { title: 'The ZIP file can’t be read.', next: 'Create it again and retry.' },
  'zip-encrypted': { title: 'The ZIP file is password-protected.', next: 'Create it without a password.' },
  'zip-name-unsafe': {
    title: 'The ZIP file contains an unsafe file name.',
    next: 'Rename the file and create the ZIP again.',
  },
  'zip-too-large': { title: 'The ZIP file is too large when unpacked.', next: 'Split it into several files.' },
  'zip-too-many': { title: 'The ZIP file contains too many files.', next: 'Split it into several ZIP files.' },
  'repository-expired': {
    title: 'The build repository’s signatures have expired.',
    next: 'Sign it again (smartpresence release refresh), then retry.',
  },
  'repository-unreadable': {
    title: 'The build repository can’t be read.',
    next: 'Check it with “smartpresence release verify”.',
  },
  'ring-empty': {
    title: 'A step uses a ring that has no kiosks.',
    next: 'Add a kiosk to the ring, or choose other steps.',
  },
  'settings-changed-meanwhile': {
    title: 'Someone else changed these settings in the meantime.',
    next: 'Check the current settings, then save again.',
  },
  'settings-revision-unknown': { title: 'This revision doesn’t exist.', next: 'Refresh the page.' },
  'command-name-differs': { title: 'That’s not the name of this kiosk.', next: 'Enter its name to confirm.' },
  'command-waits': {
    title: 'This command is already waiting for the kiosk.',
    next: 'Wait until it’s done, or cancel it first.',
  },
  'command-answered': { title: 'This command has already started or finished.', next: 'Refresh the page.' },
  'command-unknown': { title: 'This command no longer exists.', next: 'Refresh the page.' },
  'device-leaves': { title: 'This kiosk is being wiped.', next: 'It no longer accepts commands.' },
  'device-not-approved': { title: 'This kiosk isn’t approved.', next: 'Approve it before sending commands.' },
  'rollout-at-everybody': { title: 'This rollout is at its last step.', next: 'There is no further step.' },
  'rollout-not-so': {
    title: 'This action isn’t possible right now.',
    next: 'Refresh the page: the rollout may have changed.',
  },
  'rollout-over': { title: 'A newer rollout has replaced this one.', next: 'Refresh the page.' },
  'rollout-running': { title: 'A rollout is already running.', next: 'Pause or roll it back first.' },
  'updates-not-configured': {
    title: 'This server doesn’t distribute updates.',
    next: 'Set SMARTPRESENCE_UPDATES and restart the server.',
  },
  'version-not-in-repository': {
    title: 'The repository doesn’t contain a complete build of this version.',
    next: 'Publish it first, or choose another version.',
  },
  'version-not-newer': {
    title: 'Every kiosk already runs this version or a newer one.',
    next: 'Roll back the newer version, or publish under a higher version number.',
  },
} satisfies Sentences;

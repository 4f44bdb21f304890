import type { Sentences } from '../../../shared/i18n.ts';
import { errors } from './errors.ts';

/** By the code of the refusal; one without a sentence here is shown in the server's English. Sorted. */
export const problem = {
  ...errors,
  'account-disabled': { title: 'This account is disabled.', next: 'Ask an administrator.' },
  'answer-unreadable': { title: 'This page is older than the server.', next: 'Reload the page.' },
  'attempts-paused': { title: 'Too many attempts.', next: 'Wait {{seconds}} seconds, then try again.' },
  'bad-request': { title: 'Something in it is not as it must be.', next: 'Check what you entered.' },
  'email-missing': { title: 'An address is missing.', next: 'Give one: it is what you sign in with.' },
  'email-taken': { title: 'Another account has this address.', next: 'Use another address.' },
  'internal-error': { title: 'The server failed.', next: 'Try again. If it stays so, the server’s log says why.' },
  'link-already-used': { title: 'This link was already used.', next: 'It works once. Ask for a new one.' },
  'link-expired': { title: 'This link is too old.', next: 'Ask for a new one.' },
  'link-unknown': { title: 'This link is not one of this server, or was taken back.', next: 'Ask for a new one.' },
  'no-session': { title: 'You are not signed in, or not any more.', next: 'Sign in again.' },
  'not-allowed': { title: 'Your role does not include this.', next: 'Ask somebody whose role does.' },
  'not-for-people': {
    title: 'This link opens your own data, not the console.',
    next: 'Ask for a link to the console, or open your own page.',
  },
  'password-weak': {
    title: 'This password is too easy to guess.',
    next: 'Choose another: 12 characters or more, no common word, not your address.',
  },
  'proof-wrong': {
    title: 'Present password or code is wrong.',
    next: 'Give the present password and a fresh code of the app.',
  },
  'second-factor-wrong': {
    title: 'That code is not right.',
    next: 'Type the one that the app shows now; each works once.',
  },
  'sign-in-refused': {
    title: 'Address, password or code is wrong.',
    next: 'Try again with a fresh code: each works once. An administrator can make a new link.',
  },
  'too-many-requests': { title: 'Too many attempts.', next: 'Wait a minute.' },
  unreachable: { title: 'The server can’t be reached.', next: 'Try again in a moment; nothing was lost.' },
  'attention-elsewhere': {
    title: 'This is decided where it belongs.',
    next: 'Decide about the pair, or finish the review of the import.',
  },
  'attention-unknown': { title: 'There is no such item any more.', next: 'Read the list again.' },
  'consent-missing': {
    title: 'There is no consent of this person on record.',
    next: 'Show them the text, and put their consent on record first.',
  },
  'privacy-not-set': {
    title: 'Nobody has said who runs this place, so the text can’t say who would keep the face.',
    next: 'Say it in Settings, under privacy contacts.',
  },
  'consent-outdated': {
    title: 'The consent text has changed since this one was read.',
    next: 'Show the present text under Consent, and put on record that they agree.',
  },
  'consent-text-not-reviewed': {
    title: 'This text was not reviewed in this language.',
    next: 'Have it reviewed first, or use a language that was.',
  },
  'consent-text-exists': {
    title: 'There is a text of this version and language already.',
    next: 'Make a new version.',
  },
  'erasure-requested': { title: 'This person has asked to be erased.', next: 'Take the request back first.' },
  'faces-off': { title: 'No site of this person recognises faces.', next: 'Give them another way in.' },
  'guardian-required': {
    title: 'This person is below the age of consent.',
    next: 'Put down who agrees for them, and how they are related.',
  },
  'import-people-wrong': {
    title: '{{count}} lines of the list are wrong, so nobody was made.',
    next: 'Mend them, and upload the list again.',
  },
  'import-people-busy': {
    title: 'The people of this list are being made, or taken back.',
    next: 'Wait until that is done.',
  },
  'import-nobody-new': { title: 'Everybody on the list is there already.', next: 'There is nothing to do.' },
  'import-nobody-made': { title: 'Nobody is there because of this list.', next: 'There is nothing to take back.' },
  'list-unreadable': {
    title: 'The list can’t be read: it needs a head line with name and number or email.',
    next: 'Save it as CSV in UTF-8.',
  },
  'import-closed': { title: 'This import is being applied, or has ended.', next: 'Begin another.' },
  'import-full': { title: 'This import takes no more pictures.', next: 'Begin another for the rest.' },
  'not-a-minor': {
    title: 'This person is old enough to agree themselves.',
    next: 'Leave the day of birth out: it is not kept.',
  },
  'own-consent-required': {
    title: 'This person has come of age.',
    next: 'Ask them themselves, and put their own consent on record.',
  },
  'person-changed': {
    title: 'Somebody else has changed this person meanwhile.',
    next: 'Read the page again, and repeat the change.',
  },
  'person-unknown': { title: 'There is no such person.', next: 'Look them up again.' },
  'pin-without-number': {
    title: 'This person has no number, which a PIN goes with.',
    next: 'Give them a number first.',
  },
  'staff-exists': { title: 'There is a member of kiosk staff with this name already.', next: 'Give the name in full.' },
  'staff-too-many': { title: 'The site has as many kiosk staff as a kiosk can hold.', next: 'Remove someone first.' },
  'staff-unknown': { title: 'There is no such member of kiosk staff (any more).', next: 'Read the page again.' },
  'staff-badge-taken': { title: 'Another member has this badge.', next: 'Take another badge.' },
  'staff-of-kiosk': { title: 'This member was added at one kiosk.', next: 'Change them there: Staff, Kiosk staff.' },
  'staff-no-factor': { title: 'Only a technician has a second factor.', next: 'Reset the PIN.' },
  'templates-on-card': {
    title: 'At a site of this person templates live on their card alone.',
    next: 'Enrol them at a kiosk, which makes the card.',
  },
  'fingerprint-differs': {
    title: 'That is not the fingerprint of this kiosk.',
    next: 'Read it from its screen once more; if it differs, do not approve it.',
  },
  'zip-broken': { title: 'The archive can not be read.', next: 'Pack it anew.' },
  'zip-encrypted': { title: 'The archive is locked by a password.', next: 'Pack it without one.' },
  'zip-name-unsafe': { title: 'A file in the archive has a name that leads out of it.', next: 'Pack it anew.' },
  'zip-too-large': { title: 'The archive is too large when unpacked.', next: 'Split it.' },
  'zip-too-many': { title: 'The archive holds too many files.', next: 'Split it.' },
  'repository-expired': {
    title: 'The signatures of the repository have run out.',
    next: 'Sign it anew (smartpresence release refresh), then start again.',
  },
  'repository-unreadable': {
    title: 'The repository of builds can’t be read.',
    next: 'Look at it with “smartpresence release verify”.',
  },
  'ring-empty': {
    title: 'A step goes to a ring without a kiosk.',
    next: 'Put one there first, or choose other steps.',
  },
  'settings-changed-meanwhile': {
    title: 'Somebody else has changed these settings meanwhile.',
    next: 'Look at them again, then decide.',
  },
  'settings-revision-unknown': { title: 'There is no such revision.', next: 'Read the page again.' },
  'command-name-differs': { title: 'That is not the name of this kiosk.', next: 'Type its name to confirm.' },
  'command-waits': { title: 'It was told this already.', next: 'Wait for it, or take it back first.' },
  'command-answered': { title: 'It has begun, or it is over.', next: 'Read the page again.' },
  'command-unknown': { title: 'There is nothing like that any more.', next: 'Read the page again.' },
  'device-leaves': { title: 'This kiosk is being wiped.', next: 'It does nothing else any more.' },
  'device-not-approved': { title: 'This kiosk is told nothing.', next: 'Only an approved one does what it is told.' },
  'rollout-at-everybody': { title: 'It is at its last step.', next: 'There is nothing to advance to.' },
  'rollout-not-so': {
    title: 'That can’t be done with this rollout now.',
    next: 'Read the page again: somebody was faster.',
  },
  'rollout-over': { title: 'Another rollout has taken the place of this one.', next: 'Read the page again.' },
  'rollout-running': { title: 'A version is being rolled out.', next: 'Pause it or roll it back first.' },
  'updates-not-configured': {
    title: 'This server gives out no updates.',
    next: 'Set SMARTPRESENCE_UPDATES, and start the server again.',
  },
  'version-not-in-repository': {
    title: 'The repository has no whole build of this version.',
    next: 'Publish it first, or choose another.',
  },
  'version-not-newer': {
    title: 'Every kiosk runs this version or a newer one.',
    next: 'Roll back what brought it, or publish under a higher version.',
  },
} satisfies Sentences;

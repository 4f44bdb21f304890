import type { Sentences } from '../../../shared/i18n.ts';

/** What somebody else was quicker with, or an address that was typed. */
const GONE = { title: 'This no longer exists.', next: 'Refresh the page.' };

/** Of single pages, by the code of the refusal. Sorted. */
export const errors = {
  'account-not-disabled': { title: 'This account is active.', next: 'Disable it first.' },
  'account-unknown': GONE,
  'already-corrected': {
    title: 'This record has already been corrected.',
    next: 'Correct the newer record, or undo that correction first.',
  },
  'already-undone': { title: 'This correction has already been undone.', next: 'Refresh the page.' },
  'already-void': { title: 'This record is already void.', next: 'Add a new record instead.' },
  'at-in-future': { title: 'This time is in the future.', next: 'Enter a time that has passed.' },
  'audit-row-unknown': GONE,
  'bad-code-life': { title: 'A code can be valid for one minute to 30 days.', next: 'Choose a different duration.' },
  'birth-in-future': { title: 'The date of birth is in the future.', next: 'Correct the date.' },
  'candidate-unknown': GONE,
  'consent-text-unknown': GONE,
  'consent-texts-too-long': {
    title: 'Together, the texts in force are too long to send to kiosks.',
    next: 'Shorten them in a new version, or offer fewer languages.',
  },
  'correction-unknown': GONE,
  'credential-unknown': GONE,
  'cursor-unreadable': GONE,
  'delivery-unknown': GONE,
  'device-revoked': { title: 'This kiosk has been revoked.', next: 'Add it again with a new setup code.' },
  'erasure-not-complete': {
    title: 'The certificate isn’t available until the erasure is complete.',
    next: 'The progress list shows what it is waiting for.',
  },
  'erasure-under-way': {
    title: 'This request can no longer be cancelled.',
    next: 'The person’s data is being deleted. Add them again if needed.',
  },
  'erasure-unknown': GONE,
  'evacuation-over': { title: 'This roll call has ended.', next: 'Start a new one if needed.' },
  'export-too-large': {
    title: 'There are too many rows for an Excel file.',
    next: 'Choose a shorter period, or export as CSV.',
  },
  'hold-covers-everything': {
    title: 'This hold would keep all data forever.',
    next: 'Choose a person, a site or a period.',
  },
  'hold-period-wrong': { title: 'The period ends before it starts.', next: 'Correct the dates.' },
  'hold-unknown': GONE,
  'import-nothing-accepted': {
    title: 'No pictures have been accepted in this import.',
    next: 'Accept at least one, or cancel the import.',
  },
  'import-photo-unknown': GONE,
  'import-photo-unusable': {
    title: 'This picture can’t be used: it is unsuitable or not assigned to anyone.',
    next: 'Assign it to a person, or reject it.',
  },
  'import-unknown': GONE,
  'incident-changed': {
    title: 'Someone else changed this incident in the meantime.',
    next: 'Refresh it, then make your change again.',
  },
  'incident-closed': { title: 'This incident is closed.', next: 'Report a new one that refers to it.' },
  'incident-times-wrong': {
    title: 'An incident must start before it was discovered and before it ended, and not in the future.',
    next: 'Correct the times.',
  },
  'incident-unknown': GONE,
  'last-administrator': { title: 'This is the only administrator.', next: 'Add another one first.' },
  'mail-not-configured': { title: 'This server can’t send e-mail.', next: 'Show the QR code instead.' },
  'merge-not-possible': {
    title: 'These two can’t be merged: one is unknown, erased or already merged.',
    next: 'Refresh the page.',
  },
  'models-altered': {
    title: 'A face model on the server has been modified and won’t be used.',
    next: 'Contact the person who runs the server. You can still enrol people at a kiosk.',
  },
  'models-missing': {
    title: 'Face models are missing on the server.',
    next: 'Contact the person who runs the server. You can still enrol people at a kiosk.',
  },
  'site-change-unknown': { title: 'This change doesn’t exist.', next: 'Refresh the list.' },
  'name-unreadable': {
    title: 'This name isn’t valid: it’s blank or contains a line break.',
    next: 'Enter it again on one line.',
  },
  'no-such-day': { title: 'This day doesn’t exist in the site’s calendar.', next: 'Choose a different day.' },
  'not-undoable': {
    title: 'This entry undid another correction and can’t be undone itself.',
    next: 'Make the original correction again.',
  },
  'nothing-to-correct': { title: 'Nothing has changed.', next: 'Change the time or direction.' },
  'password-missing': { title: 'This account has no password yet.', next: 'Set an e-mail address and password first.' },
  'period-too-long': { title: 'The period is too long, or ends before it starts.', next: 'Choose up to 92 days.' },
  'person-erased': { title: 'This person’s data has been deleted.', next: 'No new data can be added.' },
  'person-merged': { title: 'This person was merged with another entry.', next: 'Edit the entry that was kept.' },
  'policy-change-unknown': GONE,
  'record-of-nobody': {
    title: 'The person this record belonged to has been erased.',
    next: 'The record can’t be corrected.',
  },
  'record-unknown': GONE,
  'rollout-unknown': GONE,
  'scope-unknown': GONE,
  'second-factor-not-offered': { title: 'Setting up a new app hasn’t been started.', next: 'Start over.' },
  'second-factor-not-set': { title: 'This account has no authenticator app yet.', next: 'Set one up first.' },
  'site-configured': {
    title: 'The default site’s name and time zone come from the server configuration.',
    next: 'Change them there.',
  },
  'too-many-credentials': {
    title: 'This person has reached the limit for cards and badges.',
    next: 'Revoke the ones no longer needed.',
  },
  'unknown-device': GONE,
  'unknown-site': GONE,
  'upload-empty': { title: 'The file is empty.', next: 'Choose another file.' },
  'checkin-method-required': {
    title: 'Every check-in method in this policy needs a face.',
    next: 'Keep one that doesn’t, such as number and PIN.',
  },
  'webhook-unknown': GONE,
  'confirmation-wrong': {
    title: 'This isn’t the number or name of the person already enrolled.',
    next: 'Compare both pictures and enter it again.',
  },
  'duplicate-needs-admin': {
    title: 'Only an administrator can confirm that these are two people.',
    next: 'Ask an administrator. Meanwhile, give the person a PIN, code or badge.',
  },
  'another-lookalike': {
    title: 'This face also resembles another person, shown here now.',
    next: 'Compare both pictures and decide about this person too.',
  },
  'embedder-changed': {
    title: 'The kiosks have switched to another face model since these pictures were taken.',
    next: 'Don’t enrol from them. Take new pictures instead.',
  },
  'enrolment-case-unknown': {
    title: 'This enrolment is no longer on hold.',
    next: 'It was decided or has expired. See Needs attention.',
  },
  'lookalikes-unknown': { title: 'These two are no longer marked as lookalikes.', next: 'Refresh the list.' },
  'picture-unknown': { title: 'No picture of this person available.', next: 'Compare name and number.' },
} satisfies Sentences;

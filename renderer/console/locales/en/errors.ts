import type { Sentences } from '../../../shared/i18n.ts';

/** What somebody else was quicker with, or an address that was typed. */
const GONE = { title: 'There is nothing like that any more.', next: 'Read the page again.' };

/** Of single pages, by the code of the refusal. Sorted. */
export const errors = {
  'account-not-disabled': { title: 'This account is in use.', next: 'Disable it first.' },
  'account-unknown': GONE,
  'already-corrected': {
    title: 'Another correction stands in place of this record.',
    next: 'Correct that one, or undo it first.',
  },
  'already-undone': { title: 'This correction was undone already.', next: 'Read the page again.' },
  'already-void': { title: 'This record was taken back and counts nowhere.', next: 'Add a record instead.' },
  'at-in-future': { title: 'This time has not come yet.', next: 'Correct what has happened.' },
  'audit-row-unknown': GONE,
  'bad-code-life': { title: 'A code lives from a minute to 30 days.', next: 'Choose another time.' },
  'birth-in-future': { title: 'The day of birth is in the future.', next: 'Correct it.' },
  'candidate-unknown': GONE,
  'consent-text-unknown': GONE,
  'consent-texts-too-long': {
    title: 'The texts in force are longer together than kiosks can be sent.',
    next: 'Shorten them in a new version, or offer fewer languages.',
  },
  'correction-unknown': GONE,
  'credential-unknown': GONE,
  'cursor-unreadable': GONE,
  'delivery-unknown': GONE,
  'device-revoked': { title: 'This kiosk was revoked.', next: 'Add it anew, with a new code.' },
  'erasure-not-complete': {
    title: 'This erasure is not complete, so there is no certificate yet.',
    next: 'Its steps say what it waits for.',
  },
  'erasure-under-way': {
    title: 'This request can’t be taken back any more.',
    next: 'The person is being erased; add them anew if that was not wanted.',
  },
  'erasure-unknown': GONE,
  'evacuation-over': { title: 'This roll call has ended.', next: 'Begin another one if there is need.' },
  'export-too-large': {
    title: 'A workbook does not hold that many rows.',
    next: 'Ask for a shorter period, or for CSV, which holds any number.',
  },
  'hold-covers-everything': {
    title: 'A hold names a person, a site or a period; this one would keep everything for ever.',
    next: 'Say what it is about.',
  },
  'hold-period-wrong': { title: 'The period of the hold ends before it begins.', next: 'Correct its dates.' },
  'hold-unknown': GONE,
  'import-nothing-accepted': { title: 'No picture of this import was accepted.', next: 'Accept some, or cancel it.' },
  'import-photo-unknown': GONE,
  'import-photo-unusable': {
    title: 'No template can be made of this picture, or it is of nobody who is known.',
    next: 'Say whose it is, or refuse it.',
  },
  'import-unknown': GONE,
  'incident-changed': { title: 'Somebody has changed the incident meanwhile.', next: 'Read it again.' },
  'incident-closed': { title: 'The incident is closed.', next: 'Open another that refers to it.' },
  'incident-times-wrong': {
    title: 'An incident begins before it is found and before it ends, and none of this lies in the future.',
    next: 'Correct the times.',
  },
  'incident-unknown': GONE,
  'last-administrator': { title: 'This is the last administrator.', next: 'Make another one first.' },
  'mail-not-configured': { title: 'This server sends no mail.', next: 'Show the QR code instead.' },
  'merge-not-possible': {
    title: 'One of the two is unknown, erased, or merged already.',
    next: 'Read the page again.',
  },
  'models-altered': {
    title: 'A face model of the server was altered and is not used.',
    next: 'Ask who runs the server. People can be enrolled at a kiosk meanwhile.',
  },
  'models-missing': {
    title: 'The server has no face models.',
    next: 'Ask who runs the server. People can be enrolled at a kiosk meanwhile.',
  },
  'site-change-unknown': { title: 'There is no such change of this site.', next: 'Read the list again.' },
  'name-unreadable': {
    title: 'This name can’t be read: nothing of it is seen, or it holds a line break.',
    next: 'Type it anew, in one line.',
  },
  'no-such-day': { title: 'The calendar of this site has no such day.', next: 'Choose another day.' },
  'not-undoable': { title: 'This correction undid another one.', next: 'Make that other correction again.' },
  'nothing-to-correct': { title: 'Time and direction are those of the record.', next: 'Change one of them.' },
  'password-missing': { title: 'This account has no password yet.', next: 'Set address and password first.' },
  'period-too-long': { title: 'The period is too long, or ends before it begins.', next: 'At most 92 days.' },
  'person-erased': { title: 'This person was erased.', next: 'Nothing can be written about them any more.' },
  'person-merged': { title: 'This person was merged into another.', next: 'Change the one that was kept.' },
  'policy-change-unknown': GONE,
  'record-of-nobody': { title: 'Whoever this record was about has been erased.', next: 'It can’t be corrected.' },
  'record-unknown': GONE,
  'rollout-unknown': GONE,
  'scope-unknown': GONE,
  'second-factor-not-offered': { title: 'No new second factor was begun.', next: 'Begin again.' },
  'second-factor-not-set': { title: 'This account has no second factor yet.', next: 'Set one first.' },
  'site-configured': {
    title: 'Name and time zone of the default site stand in the server’s configuration.',
    next: 'Whoever runs the server changes them there.',
  },
  'too-many-credentials': {
    title: 'This person has as many cards and badges as can be.',
    next: 'Revoke those that are not needed any more.',
  },
  'unknown-device': GONE,
  'unknown-site': GONE,
  'upload-empty': { title: 'The file is empty.', next: 'Choose another.' },
  'ways-need-another': {
    title: 'Every way in of this policy asks for a face.',
    next: 'Leave one that does not, as an equal: number and PIN, say.',
  },
  'webhook-unknown': GONE,
  'confirmation-wrong': {
    title: 'That is neither the number nor the name of the person already enrolled.',
    next: 'Compare both pictures, and type it again.',
  },
  'duplicate-needs-admin': {
    title: 'Only an administrator can say that these are two people.',
    next: 'Leave it to an administrator, and give the person a PIN, a code or a badge in the meantime.',
  },
  'another-lookalike': {
    title: 'This face is also like that of another person, who is shown here now.',
    next: 'Look at both pictures, and decide about this person as well.',
  },
  'embedder-changed': {
    title: 'The kiosks use another face model since these pictures were taken.',
    next: 'Do not enrol from them; photograph the person again.',
  },
  'enrolment-case-unknown': {
    title: 'This enrolment is no longer waiting.',
    next: 'Somebody has decided, or its time was over. See Attention.',
  },
  'lookalikes-unknown': { title: 'These two are no longer marked as lookalikes.', next: 'Refresh the list.' },
  'picture-unknown': { title: 'There is no picture of this person.', next: 'Compare name and number.' },
} satisfies Sentences;

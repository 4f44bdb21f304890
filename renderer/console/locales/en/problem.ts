import type { Sentences } from '../../../shared/i18n.ts';

/** By the code of the refusal; one without a sentence here is shown in the server's English. Sorted. */
export const problem = {
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
} satisfies Sentences;

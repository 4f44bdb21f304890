import type { Sentences } from '../../../shared/i18n.ts';

/** By the code of the refusal; one without a sentence here is shown in the server's English. Sorted. */
export const problem = {
  'account-disabled': { title: 'Dieses Konto ist gesperrt.', next: 'Fragen Sie die Administration.' },
  'answer-unreadable': { title: 'Diese Seite ist älter als der Server.', next: 'Laden Sie die Seite neu.' },
  'attempts-paused': { title: 'Zu viele Versuche.', next: 'Warten Sie {{seconds}} Sekunden, dann noch einmal.' },
  'bad-request': { title: 'Etwas daran ist nicht, wie es sein muss.', next: 'Prüfen Sie Ihre Eingaben.' },
  'email-missing': { title: 'Es fehlt eine Adresse.', next: 'Geben Sie eine an: Mit ihr melden Sie sich an.' },
  'email-taken': { title: 'Ein anderes Konto hat diese Adresse.', next: 'Nehmen Sie eine andere.' },
  'internal-error': {
    title: 'Der Server hat versagt.',
    next: 'Versuchen Sie es noch einmal. Bleibt es so, sagt sein Protokoll warum.',
  },
  'link-already-used': {
    title: 'Dieser Link wurde schon benutzt.',
    next: 'Er gilt nur einmal. Bitten Sie um einen neuen.',
  },
  'link-expired': { title: 'Dieser Link ist zu alt.', next: 'Bitten Sie um einen neuen.' },
  'link-unknown': {
    title: 'Dieser Link gehört nicht zu diesem Server oder wurde zurückgezogen.',
    next: 'Bitten Sie um einen neuen.',
  },
  'no-session': { title: 'Sie sind nicht oder nicht mehr angemeldet.', next: 'Melden Sie sich wieder an.' },
  'not-allowed': { title: 'Das gehört nicht zu Ihrer Rolle.', next: 'Fragen Sie jemanden, zu dessen Rolle es gehört.' },
  'not-for-people': {
    title: 'Dieser Link öffnet Ihre eigenen Daten, nicht die Konsole.',
    next: 'Bitten Sie um einen Link zur Konsole, oder öffnen Sie Ihre eigene Seite.',
  },
  'password-weak': {
    title: 'Dieses Passwort ist zu leicht zu erraten.',
    next: 'Wählen Sie ein anderes: mindestens 12 Zeichen, kein gängiges Wort, nicht Ihre Adresse.',
  },
  'proof-wrong': {
    title: 'Jetziges Passwort oder Code ist falsch.',
    next: 'Geben Sie das jetzige Passwort und einen neuen Code der App ein.',
  },
  'second-factor-wrong': {
    title: 'Dieser Code stimmt nicht.',
    next: 'Tippen Sie den ein, den die App jetzt zeigt; jeder gilt einmal.',
  },
  'sign-in-refused': {
    title: 'Adresse, Passwort oder Code ist falsch.',
    next: 'Versuchen Sie es mit einem neuen Code: Jeder gilt einmal. Die Administration kann einen neuen Link erstellen.',
  },
  'too-many-requests': { title: 'Zu viele Versuche.', next: 'Warten Sie eine Minute.' },
  unreachable: {
    title: 'Der Server ist nicht erreichbar.',
    next: 'Versuchen Sie es gleich noch einmal; es ging nichts verloren.',
  },
} satisfies Sentences;

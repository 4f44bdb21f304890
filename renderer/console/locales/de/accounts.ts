import type { Sentences } from '../../../shared/i18n.ts';

export const accounts = {
  nav: 'Konten',
  lead: 'Wer mit dieser Konsole arbeitet, und in welcher Rolle.',
  add: 'Konto hinzufügen',
  addText: 'Sie erhalten einen Einmal-Link und setzen Passwort und App selbst.',
  role: 'Rolle',
  may: {
    staff: 'Personen, Erfassung, Anwesenheit, Klärung',
    admin: 'Alles vom Personal, Kioske, Einstellungen, Konten',
    dpo: 'Einwilligungen, Löschungen, Aufbewahrung, Protokoll, Vorfälle',
    auditor: 'Liest Protokoll und Systemnachweise, keine Namen',
  },
  ready: 'Bereit',
  pending: 'Noch kein Passwort',
  disabled: 'Gesperrt',
  signedIn: 'Letzte Anmeldung',
  link: 'Neuer Link',
  linkText: 'Geben Sie ihn nur dieser Person. Er gilt einmal.',
  disable: 'Sperren',
  enable: 'Entsperren',
  isDisabled: 'Gesperrt; die Sitzungen sind beendet.',
  enabled: 'Entsperrt.',
  remove: 'Entfernen',
  removeText: 'Das Konto geht. Was es tat, bleibt im Protokoll.',
  removed: 'Entfernt.',
} satisfies Sentences;

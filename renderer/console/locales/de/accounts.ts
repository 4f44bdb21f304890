import type { Sentences } from '../../../shared/i18n.ts';

export const accounts = {
  nav: 'Konten',
  lead: 'Alle, die diese Konsole nutzen können, mit ihrer Rolle.',
  add: 'Konto hinzufügen',
  addText: 'Die Person erhält einen Einmal-Link und richtet Passwort und Authenticator-App selbst ein.',
  role: 'Rolle',
  may: {
    staff: 'Personen, Erfassung, Anwesenheit, offene Fälle',
    admin: 'Alles, was Personal darf, dazu Kioske, Einstellungen und Konten',
    dpo: 'Einwilligungen, Löschanträge, Aufbewahrung, Audit-Protokoll, Vorfälle',
    auditor: 'Nur lesen: Audit-Protokoll und Systemberichte, ohne Namen',
  },
  ready: 'Aktiv',
  pending: 'Noch nicht eingerichtet',
  disabled: 'Deaktiviert',
  signedIn: 'Letzte Anmeldung',
  link: 'Neuen Link erstellen',
  linkText: 'Geben Sie diesen Link nur dieser Person. Er funktioniert einmal.',
  disable: 'Deaktivieren',
  enable: 'Aktivieren',
  isDisabled: 'Deaktiviert. Alle Sitzungen wurden beendet.',
  enabled: 'Aktiviert.',
  remove: 'Entfernen',
  removeText: 'Das Konto wird gelöscht. Seine Aktivitäten bleiben im Audit-Protokoll.',
  removed: 'Entfernt.',
} satisfies Sentences;

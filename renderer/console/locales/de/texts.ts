import type { Sentences } from '../../../shared/i18n.ts';

export const texts = {
  nav: 'Einwilligungstexte',
  lead: 'Ihre eigenen Einwilligungstexte. Eingewilligt werden kann nur in Texte, die eine datenschutzbeauftragte Person geprüft hat. Texte sind unveränderlich; Änderungen erzeugen eine neue Version.',
  none: 'Noch keine Texte: Kioske zeigen den mitgelieferten Text.',
  add: 'Text hinzufügen',
  added: 'Hinzugefügt. Wartet auf Prüfung.',
  addText: 'Für eine Sprache. In jeder Sprache gilt die neueste geprüfte Version.',
  version: 'Version',
  versionHint: 'Buchstaben, Ziffern und Bindestriche, z. B. 2026-11',
  title: 'Titel',
  body: 'Text',
  bodyHint: 'Eine Leerzeile beginnt einen neuen Absatz. Am Kiosk eingesetzt: {{fields}}',
  inForce: 'In Kraft',
  older: 'Geprüft, ältere Version',
  waits: 'Wartet auf Prüfung',
  made: 'Hinzugefügt',
  reviewedAt: 'geprüft',
  review: 'Als geprüft markieren',
  reviewText:
    'Sie kennen das einschlägige Recht und {{language}} und haben diesen Text gelesen. Ab jetzt kann in ihn eingewilligt werden.',
  reviewed: 'Geprüft. Die Kioske erhalten ihn jetzt.',
  dpoOnly: 'Nur eine datenschutzbeauftragte Person kann Texte prüfen.',
} satisfies Sentences;

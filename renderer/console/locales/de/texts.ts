import type { Sentences } from '../../../shared/i18n.ts';

export const texts = {
  nav: 'Einwilligungstexte',
  lead: 'Ihre eigenen Texte. Zustimmen kann man nur einem Text, den die oder der Datenschutzbeauftragte geprüft hat; ein Text ändert sich nie, eine Korrektur ist eine neue Version.',
  none: 'Noch keiner: Kioske zeigen den mitgelieferten Text.',
  add: 'Text hinzufügen',
  added: 'Hinzugefügt. Er wartet auf die Prüfung.',
  addText: 'In einer Sprache. In Kraft ist die neueste geprüfte Version in den geprüften Sprachen.',
  version: 'Version',
  versionHint: 'Buchstaben, Ziffern, Bindestriche, z. B. 2026-11',
  title: 'Titel',
  body: 'Text',
  bodyHint: 'Eine Leerzeile beginnt einen Absatz. Am Kiosk eingesetzt: {{fields}}',
  inForce: 'In Kraft',
  older: 'Geprüft, ältere Version',
  waits: 'Wartet auf Prüfung',
  made: 'Hinzugefügt',
  reviewedAt: 'geprüft',
  review: 'Ich habe ihn geprüft',
  reviewText: 'Sie kennen das Recht und {{language}} und haben den Text gelesen. Ab jetzt kann man ihm zustimmen.',
  reviewed: 'Geprüft. Kioske erhalten ihn jetzt.',
  dpoOnly: 'Prüfen kann nur die oder der Datenschutzbeauftragte.',
} satisfies Sentences;

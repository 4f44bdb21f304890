import type { Sentences } from '../../../shared/i18n.ts';

export const corrections = {
  nav: 'Berichtigungen',
  lead: 'Wer was berichtigt hat und warum. Eine Berichtigung lässt sich zurücknehmen; geändert wird nie etwas.',
  kind: { add: 'Nachgetragen', replace: 'Ersetzt', void: 'Storniert', undo: 'Zurückgenommen' },
  what: 'Was',
  result: 'Jetzt',
  reason: 'Grund',
  madeAt: 'Gemacht',
  empty: 'Noch nichts wurde berichtigt',
  emptyText: 'Berichtigt wird aus der Liste der Buchungen.',
  undo: 'Zurücknehmen',
  undoTitle: 'Diese Berichtigung zurücknehmen?',
  undone: 'Zurückgenommen',
  undoReason: 'In der Konsole zurückgenommen',
  title: { add: 'Buchung nachtragen', replace: 'Buchung berichtigen', void: 'Buchung stornieren' },
  number: 'Nummer der Person',
  numberHint: 'Die Personalnummer. Namen lassen sich nicht suchen: Sie sind verschlüsselt.',
  find: 'Suchen',
  nobody: 'Niemand hat diese Nummer.',
  date: 'Tag',
  time: 'Uhrzeit',
  save: 'Speichern',
  done: 'Es ist berichtigt.',
  voidText: 'Sie bleibt in der Liste und zählt nirgends.',
  replaceText:
    'Zeit oder Richtung ändern. War es jemand anders: diese Buchung stornieren und eine für die richtige Person anlegen.',
} satisfies Sentences;

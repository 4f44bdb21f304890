import type { Sentences } from '../../../shared/i18n.ts';

export const lookalikes = {
  question: 'Ist das dieselbe Person?',
  ours: 'Neue Erfassung',
  theirs: 'Bereits erfasst',
  since: 'Erfasst am',
  noPicture: 'Kein Bild dieser Person vorhanden. Vergleichen Sie Name und Nummer.',
  pictureOf: 'Bild von {{name}}',
  effect:
    'Sind es zwei Personen, bleibt {{other}} erfasst und {{name}} wird ebenfalls erfasst. Danach wird keine von beiden am Gesicht allein erkannt: Jede gibt zuerst ihre Nummer ein oder zeigt Code oder Ausweis; dann wird das Gesicht nur mit dieser Person verglichen.',
  samePerson:
    'Ist es dieselbe Person, brechen Sie hier ab, damit sie nicht doppelt erfasst wird. Verwenden Sie den vorhandenen Eintrag.',
  typeNumber: 'Bestätigen Sie den Vergleich mit der Nummer der bereits erfassten Person: {{word}}',
  typeName: 'Bestätigen Sie den Vergleich mit dem Namen der bereits erfassten Person: {{word}}',
  overrule: 'Verschiedene Personen, trotzdem erfassen',
  notYours:
    'Das kann nur die Administration entscheiden. Geben Sie {{name}} inzwischen PIN, Code oder Ausweis zum Buchen.',
  wait: 'Administration fragen',
  waiting:
    'An die Administration weitergegeben (siehe „Zu klären“). Bis dahin kann {{name}} PIN, Code oder Ausweis verwenden.',
  otherMethods: 'PIN, Code oder Ausweis einrichten',
  compare: 'Vergleichen',
  waitsLead:
    'Das Gesicht von {{name}} ähnelt dem einer anderen Person. Bis zu Ihrer Entscheidung werden diese Bilder nicht zur Erkennung verwendet.',
  until: 'Wird ohne Entscheidung gelöscht am',
  otherGone: 'Die Person mit dem ähnlichen Gesicht wurde gelöscht. Sie können mit der Erfassung fortfahren.',
  refuse: 'Nicht erfassen',
  refuseText: 'Die Bilder werden gelöscht und niemand wird erfasst.',
  refusedDone: 'Nicht erfasst. Bilder gelöscht.',
  accepted: 'Erfasst. Beide geben jetzt zuerst Nummer, Code oder Ausweis an.',
  title: 'Doppelgänger',
  lead: 'Personen, deren Gesichter zum Unterscheiden zu ähnlich sind. Sie geben zuerst ihre Nummer ein oder zeigen Code oder Ausweis; dann wird das Gesicht nur mit dieser Person verglichen.',
  none: 'Keine Doppelgänger',
  noneText:
    'Ein Paar erscheint hier, wenn jemand trotz ähnlichem Gesicht erfasst wird oder zwei Personen zweimal verwechselt werden.',
  where: 'Vermerkt in',
  console: 'Konsole',
  at: 'Seit',
  reason: {
    enrolment: 'Als verschiedene Personen erfasst',
    'not-me': 'Zweimal verwechselt',
    'two-people': 'Verglichen: zwei Personen',
  },
  remove: 'Aufheben',
  removeText:
    '{{name}} und {{other}} werden wieder am Gesicht allein erkannt. Bei ähnlichen Gesichtern kann eine Person als die andere gebucht werden.',
  removed: 'Aufgehoben. Beide werden wieder am Gesicht erkannt.',
} satisfies Sentences;

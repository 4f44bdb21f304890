import type { Sentences } from '../../../shared/i18n.ts';

export const lookalikes = {
  question: 'Ist das dieselbe Person?',
  ours: 'Soll erfasst werden',
  theirs: 'Bereits erfasst',
  since: 'Erfasst am',
  noPicture: 'Von dieser Person gibt es hier kein Bild: Vergleichen Sie Name und Nummer.',
  pictureOf: 'Bild von {{name}}',
  effect:
    'Sind es zwei Personen, bleibt {{other}} erfasst, und {{name}} kommt hinzu. Ab dann wird keine von beiden am Gesicht allein erkannt: Jede gibt zuerst ihre Nummer ein oder zeigt Code oder Ausweis, und das Gesicht wird dann nur mit dieser einen Person verglichen.',
  samePerson:
    'Ist es ein und dieselbe Person, brechen Sie ab: Sie wäre sonst doppelt erfasst. Verwenden Sie den vorhandenen Eintrag.',
  typeNumber:
    'Geben Sie die Nummer der bereits erfassten Person ein, {{word}}, um zu bestätigen, dass Sie beide verglichen haben',
  typeName:
    'Geben Sie den Namen der bereits erfassten Person ein, {{word}}, um zu bestätigen, dass Sie beide verglichen haben',
  overrule: 'Verschiedene Personen, trotzdem erfassen',
  notYours:
    'Das entscheidet nur die Administration. Niemand wird abgewiesen: Geben Sie {{name}} inzwischen PIN, Code oder Ausweis.',
  wait: 'Administration fragen',
  waiting:
    'Die Administration entscheidet; der Fall steht unter „Zu klären“. Bis dahin gehen für {{name}} PIN, Code oder Ausweis.',
  otherWays: 'PIN, Code oder Ausweis geben',
  compare: 'Vergleichen',
  waitsLead:
    '{{name}} wurde zur Erfassung aufgenommen, und das Gesicht ähnelt dem einer anderen Person. Vor Ihrer Entscheidung wird mit diesen Bildern niemand erkannt.',
  until: 'Wird ohne Entscheidung gelöscht am',
  otherGone: 'Die Person mit dem ähnlichen Gesicht wurde gelöscht. Der Erfassung steht nichts mehr entgegen.',
  refuse: 'Nicht erfassen',
  refuseText: 'Die Bilder werden gelöscht, und niemand wird damit erfasst.',
  refusedDone: 'Nicht erfasst. Die Bilder sind gelöscht.',
  accepted: 'Erfasst. Beide geben ab jetzt zuerst Nummer, Code oder Ausweis.',
  title: 'Doppelgänger',
  lead: 'Personen, deren Gesichter sich zu ähnlich sind. Sie geben zuerst ihre Nummer ein oder zeigen Code oder Ausweis; dann wird das Gesicht nur mit dieser einen Person verglichen.',
  none: 'Keine Doppelgänger',
  noneText:
    'Ein Paar erscheint hier, wenn jemand erfasst wird, obwohl das Gesicht einem anderen ähnelt, oder nach zweimal „Das bin ich nicht“ zwischen denselben zwei Personen.',
  where: 'Vermerkt an',
  console: 'Konsole',
  at: 'Seit',
  reason: {
    enrolment: 'Als verschiedene Personen erfasst',
    'not-me': 'Zweimal verwechselt',
    'two-people': 'Verglichen: zwei Personen',
  },
  remove: 'Aufheben',
  removeText:
    '{{name}} und {{other}} werden wieder am Gesicht allein erkannt. Ähneln sich ihre Gesichter, kann die eine als die andere angemeldet werden.',
  removed: 'Aufgehoben. Beide werden wieder am Gesicht erkannt.',
} satisfies Sentences;

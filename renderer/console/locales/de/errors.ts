import type { Sentences } from '../../../shared/i18n.ts';

/** What somebody else was quicker with, or an address that was typed. */
const GONE = { title: 'Das gibt es nicht oder nicht mehr.', next: 'Laden Sie die Seite neu.' };

/** Of single pages, by the code of the refusal. Sorted. */
export const errors = {
  'account-not-disabled': { title: 'Dieses Konto ist in Gebrauch.', next: 'Sperren Sie es zuerst.' },
  'account-unknown': GONE,
  'already-corrected': {
    title: 'Eine andere Korrektur steht an der Stelle dieser Buchung.',
    next: 'Korrigieren Sie jene, oder nehmen Sie sie zuerst zurück.',
  },
  'already-undone': { title: 'Diese Korrektur wurde schon zurückgenommen.', next: 'Laden Sie die Seite neu.' },
  'already-void': {
    title: 'Diese Buchung wurde zurückgenommen und zählt nirgends.',
    next: 'Fügen Sie stattdessen eine hinzu.',
  },
  'at-in-future': { title: 'Dieser Zeitpunkt liegt in der Zukunft.', next: 'Korrigieren Sie, was geschehen ist.' },
  'audit-row-unknown': GONE,
  'bad-code-life': {
    title: 'Ein Code gilt zwischen einer Minute und 30 Tagen.',
    next: 'Wählen Sie eine andere Dauer.',
  },
  'birth-in-future': { title: 'Der Geburtstag liegt in der Zukunft.', next: 'Berichtigen Sie ihn.' },
  'candidate-unknown': GONE,
  'consent-text-unknown': GONE,
  'consent-texts-too-long': {
    title: 'Die geltenden Texte sind zusammen länger, als Kioske empfangen können.',
    next: 'Kürzen Sie sie in einer neuen Fassung, oder bieten Sie weniger Sprachen an.',
  },
  'correction-unknown': GONE,
  'credential-unknown': GONE,
  'cursor-unreadable': GONE,
  'delivery-unknown': GONE,
  'device-revoked': { title: 'Dieser Kiosk wurde gesperrt.', next: 'Fügen Sie ihn mit einem neuen Code neu hinzu.' },
  'erasure-not-complete': {
    title: 'Diese Löschung ist noch nicht fertig; eine Bescheinigung gibt es noch nicht.',
    next: 'Die Schritte sagen, worauf sie wartet.',
  },
  'erasure-under-way': {
    title: 'Dieser Antrag lässt sich nicht mehr zurücknehmen.',
    next: 'Die Person wird gelöscht; legen Sie sie neu an, wenn das nicht gewollt war.',
  },
  'erasure-unknown': GONE,
  'evacuation-over': { title: 'Dieser Appell ist beendet.', next: 'Beginnen Sie einen neuen, wenn es nötig ist.' },
  'export-too-large': {
    title: 'So viele Zeilen fasst eine Excel-Datei nicht.',
    next: 'Nehmen Sie einen kürzeren Zeitraum, oder CSV, das beliebig viele fasst.',
  },
  'hold-covers-everything': {
    title: 'Eine Sperre nennt eine Person, einen Standort oder einen Zeitraum; diese hielte alles für immer.',
    next: 'Geben Sie an, worum es geht.',
  },
  'hold-period-wrong': { title: 'Der Zeitraum der Sperre endet, bevor er beginnt.', next: 'Berichtigen Sie die Tage.' },
  'hold-unknown': GONE,
  'import-nothing-accepted': {
    title: 'Kein Bild dieses Imports wurde angenommen.',
    next: 'Nehmen Sie welche an, oder brechen Sie ihn ab.',
  },
  'import-photo-unknown': GONE,
  'import-photo-unusable': {
    title: 'Aus diesem Bild wird keine Vorlage, oder es zeigt niemanden, der bekannt ist.',
    next: 'Sagen Sie, wen es zeigt, oder lehnen Sie es ab.',
  },
  'import-unknown': GONE,
  'incident-changed': { title: 'Jemand hat den Vorfall inzwischen geändert.', next: 'Lesen Sie ihn noch einmal.' },
  'incident-closed': {
    title: 'Der Vorfall ist abgeschlossen.',
    next: 'Eröffnen Sie einen neuen, der auf ihn verweist.',
  },
  'incident-times-wrong': {
    title: 'Ein Vorfall beginnt, bevor er bemerkt wird und endet, und nichts davon liegt in der Zukunft.',
    next: 'Berichtigen Sie die Zeiten.',
  },
  'incident-unknown': GONE,
  'last-administrator': {
    title: 'Das ist das letzte Konto der Administration.',
    next: 'Legen Sie zuerst ein weiteres an.',
  },
  'mail-not-configured': { title: 'Dieser Server verschickt keine Post.', next: 'Zeigen Sie stattdessen den QR-Code.' },
  'merge-not-possible': {
    title: 'Eine der beiden ist unbekannt, gelöscht oder schon zusammengeführt.',
    next: 'Laden Sie die Seite neu.',
  },
  'models-altered': {
    title: 'Ein Gesichtsmodell des Servers wurde verändert und wird nicht benutzt.',
    next: 'Wenden Sie sich an den Betrieb des Servers. Am Kiosk kann solange erfasst werden.',
  },
  'models-missing': {
    title: 'Dem Server fehlen die Gesichtsmodelle.',
    next: 'Wenden Sie sich an den Betrieb des Servers. Am Kiosk kann solange erfasst werden.',
  },
  'site-change-unknown': {
    title: 'Diese Änderung des Standorts gibt es nicht.',
    next: 'Lesen Sie die Liste noch einmal.',
  },
  'name-unreadable': {
    title: 'Dieser Name lässt sich nicht lesen: Man sieht nichts davon, oder er enthält einen Zeilenumbruch.',
    next: 'Geben Sie ihn neu ein, in einer Zeile.',
  },
  'no-such-day': { title: 'Diesen Tag gibt es im Kalender des Standorts nicht.', next: 'Wählen Sie einen anderen.' },
  'not-undoable': { title: 'Diese Korrektur hat eine andere zurückgenommen.', next: 'Machen Sie jene noch einmal.' },
  'nothing-to-correct': { title: 'Zeit und Richtung sind die der Buchung.', next: 'Ändern Sie eines davon.' },
  'password-missing': {
    title: 'Dieses Konto hat noch kein Passwort.',
    next: 'Legen Sie zuerst Adresse und Passwort fest.',
  },
  'period-too-long': {
    title: 'Der Zeitraum ist zu lang, oder er endet, bevor er beginnt.',
    next: 'Höchstens 92 Tage.',
  },
  'person-erased': { title: 'Diese Person wurde gelöscht.', next: 'Über sie kann nichts mehr geschrieben werden.' },
  'person-merged': {
    title: 'Diese Person wurde mit einer anderen zusammengeführt.',
    next: 'Ändern Sie die, die geblieben ist.',
  },
  'policy-change-unknown': GONE,
  'record-of-nobody': { title: 'Wen diese Buchung betraf, wurde gelöscht.', next: 'Sie lässt sich nicht korrigieren.' },
  'record-unknown': GONE,
  'rollout-unknown': GONE,
  'scope-unknown': GONE,
  'second-factor-not-offered': {
    title: 'Es wurde kein neuer zweiter Faktor begonnen.',
    next: 'Beginnen Sie von vorn.',
  },
  'second-factor-not-set': {
    title: 'Dieses Konto hat noch keinen zweiten Faktor.',
    next: 'Richten Sie zuerst einen ein.',
  },
  'site-configured': {
    title: 'Name und Zeitzone des Standard-Standorts stehen in der Konfiguration des Servers.',
    next: 'Wer den Server betreibt, ändert sie dort.',
  },
  'too-many-credentials': {
    title: 'Diese Person hat so viele Karten und Ausweise wie möglich.',
    next: 'Sperren Sie, was nicht mehr gebraucht wird.',
  },
  'unknown-device': GONE,
  'unknown-site': GONE,
  'upload-empty': { title: 'Die Datei ist leer.', next: 'Wählen Sie eine andere.' },
  'ways-need-another': {
    title: 'Jeder Weg hinein verlangt nach dieser Regelung ein Gesicht.',
    next: 'Lassen Sie einen gleichwertigen ohne, etwa Nummer und PIN.',
  },
  'webhook-unknown': GONE,
  'confirmation-wrong': {
    title: 'Das ist weder die Nummer noch der Name der bereits erfassten Person.',
    next: 'Vergleichen Sie beide Bilder und geben Sie es noch einmal ein.',
  },
  'duplicate-needs-admin': {
    title: 'Nur die Administration kann sagen, dass es zwei Personen sind.',
    next: 'Überlassen Sie es der Administration, und geben Sie der Person inzwischen PIN, Code oder Ausweis.',
  },
  'another-lookalike': {
    title: 'Das Gesicht ähnelt auch dem einer weiteren Person, die jetzt hier gezeigt wird.',
    next: 'Sehen Sie sich beide Bilder an, und entscheiden Sie auch über diese Person.',
  },
  'embedder-changed': {
    title: 'Die Kioske verwenden inzwischen ein anderes Gesichtsmodell.',
    next: 'Erfassen Sie nicht damit; nehmen Sie die Person neu auf.',
  },
  'enrolment-case-unknown': {
    title: 'Diese Erfassung wartet nicht mehr.',
    next: 'Jemand hat entschieden, oder die Zeit ist um. Siehe „Zu klären“.',
  },
  'lookalikes-unknown': {
    title: 'Diese beiden sind nicht mehr als Doppelgänger vermerkt.',
    next: 'Laden Sie die Liste neu.',
  },
  'picture-unknown': { title: 'Von dieser Person gibt es kein Bild.', next: 'Vergleichen Sie Name und Nummer.' },
} satisfies Sentences;

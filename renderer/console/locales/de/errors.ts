import type { Sentences } from '../../../shared/i18n.ts';

/** What somebody else was quicker with, or an address that was typed. */
const GONE = { title: 'Das gibt es nicht mehr.', next: 'Aktualisieren Sie die Seite.' };

/** Of single pages, by the code of the refusal. Sorted. */
export const errors = {
  'account-not-disabled': { title: 'Dieses Konto ist aktiv.', next: 'Deaktivieren Sie es zuerst.' },
  'account-unknown': GONE,
  'already-corrected': {
    title: 'Diese Buchung wurde bereits korrigiert.',
    next: 'Korrigieren Sie die neuere Buchung oder nehmen Sie jene Korrektur zuerst zurück.',
  },
  'already-undone': { title: 'Diese Korrektur wurde bereits zurückgenommen.', next: 'Aktualisieren Sie die Seite.' },
  'already-void': {
    title: 'Diese Buchung ist bereits storniert.',
    next: 'Tragen Sie stattdessen eine neue nach.',
  },
  'at-in-future': { title: 'Diese Zeit liegt in der Zukunft.', next: 'Geben Sie eine vergangene Zeit ein.' },
  'audit-row-unknown': GONE,
  'bad-code-life': {
    title: 'Ein Code kann eine Minute bis 30 Tage gelten.',
    next: 'Wählen Sie eine andere Dauer.',
  },
  'birth-in-future': { title: 'Das Geburtsdatum liegt in der Zukunft.', next: 'Korrigieren Sie das Datum.' },
  'candidate-unknown': GONE,
  'consent-text-unknown': GONE,
  'consent-texts-too-long': {
    title: 'Die geltenden Texte sind zusammen zu lang, um sie an Kioske zu senden.',
    next: 'Kürzen Sie sie in einer neuen Version oder bieten Sie weniger Sprachen an.',
  },
  'correction-unknown': GONE,
  'credential-unknown': GONE,
  'cursor-unreadable': GONE,
  'delivery-unknown': GONE,
  'device-revoked': {
    title: 'Dieser Kiosk wurde gesperrt.',
    next: 'Fügen Sie ihn mit einem neuen Einrichtungscode wieder hinzu.',
  },
  'erasure-not-complete': {
    title: 'Die Bescheinigung gibt es erst, wenn die Löschung abgeschlossen ist.',
    next: 'Die Fortschrittsliste zeigt, worauf sie wartet.',
  },
  'erasure-under-way': {
    title: 'Dieser Antrag kann nicht mehr zurückgenommen werden.',
    next: 'Die Daten der Person werden gelöscht. Legen Sie sie bei Bedarf neu an.',
  },
  'erasure-unknown': GONE,
  'evacuation-over': { title: 'Diese Vollzähligkeitsprüfung ist beendet.', next: 'Starten Sie bei Bedarf eine neue.' },
  'export-too-large': {
    title: 'Für eine Excel-Datei sind es zu viele Zeilen.',
    next: 'Wählen Sie einen kürzeren Zeitraum oder exportieren Sie als CSV.',
  },
  'hold-covers-everything': {
    title: 'Diese Löschsperre würde alle Daten für immer erhalten.',
    next: 'Wählen Sie eine Person, einen Standort oder einen Zeitraum.',
  },
  'hold-period-wrong': { title: 'Der Zeitraum endet, bevor er beginnt.', next: 'Korrigieren Sie die Daten.' },
  'hold-unknown': GONE,
  'import-nothing-accepted': {
    title: 'In diesem Import wurden keine Bilder angenommen.',
    next: 'Nehmen Sie mindestens eines an oder brechen Sie den Import ab.',
  },
  'import-photo-unknown': GONE,
  'import-photo-unusable': {
    title: 'Dieses Bild ist nicht verwendbar: Es ist ungeeignet oder niemandem zugeordnet.',
    next: 'Ordnen Sie es einer Person zu oder lehnen Sie es ab.',
  },
  'import-unknown': GONE,
  'incident-changed': {
    title: 'Jemand anderes hat diesen Vorfall inzwischen geändert.',
    next: 'Aktualisieren Sie ihn und nehmen Sie Ihre Änderung noch einmal vor.',
  },
  'incident-closed': {
    title: 'Dieser Vorfall ist abgeschlossen.',
    next: 'Erfassen Sie einen neuen, der auf ihn verweist.',
  },
  'incident-times-wrong': {
    title: 'Ein Vorfall muss vor seiner Entdeckung und vor seinem Ende beginnen und darf nicht in der Zukunft liegen.',
    next: 'Korrigieren Sie die Zeiten.',
  },
  'incident-unknown': GONE,
  'last-administrator': {
    title: 'Das ist das einzige Administratorkonto.',
    next: 'Fügen Sie zuerst ein weiteres hinzu.',
  },
  'mail-not-configured': {
    title: 'Dieser Server kann keine E-Mails senden.',
    next: 'Zeigen Sie stattdessen den QR-Code.',
  },
  'merge-not-possible': {
    title:
      'Diese beiden lassen sich nicht zusammenführen: Eine Person ist unbekannt, gelöscht oder bereits zusammengeführt.',
    next: 'Aktualisieren Sie die Seite.',
  },
  'models-altered': {
    title: 'Ein Gesichtsmodell auf dem Server wurde verändert und wird nicht verwendet.',
    next: 'Wenden Sie sich an den Serverbetrieb. An einem Kiosk können Sie weiter erfassen.',
  },
  'models-missing': {
    title: 'Auf dem Server fehlen die Gesichtsmodelle.',
    next: 'Wenden Sie sich an den Serverbetrieb. An einem Kiosk können Sie weiter erfassen.',
  },
  'site-change-unknown': {
    title: 'Diese Änderung gibt es nicht.',
    next: 'Aktualisieren Sie die Liste.',
  },
  'name-unreadable': {
    title: 'Dieser Name ist ungültig: Er ist leer oder enthält einen Zeilenumbruch.',
    next: 'Geben Sie ihn in einer Zeile neu ein.',
  },
  'no-such-day': {
    title: 'Diesen Tag gibt es im Kalender des Standorts nicht.',
    next: 'Wählen Sie einen anderen Tag.',
  },
  'not-undoable': {
    title: 'Dieser Eintrag hat eine Korrektur zurückgenommen und lässt sich selbst nicht zurücknehmen.',
    next: 'Nehmen Sie die ursprüngliche Korrektur noch einmal vor.',
  },
  'nothing-to-correct': { title: 'Es wurde nichts geändert.', next: 'Ändern Sie Zeit oder Richtung.' },
  'password-missing': {
    title: 'Dieses Konto hat noch kein Passwort.',
    next: 'Legen Sie zuerst E-Mail-Adresse und Passwort fest.',
  },
  'period-too-long': {
    title: 'Der Zeitraum ist zu lang, oder er endet, bevor er beginnt.',
    next: 'Wählen Sie höchstens 92 Tage.',
  },
  'person-erased': {
    title: 'Die Daten dieser Person wurden gelöscht.',
    next: 'Es lassen sich keine neuen Daten hinzufügen.',
  },
  'person-merged': {
    title: 'Diese Person wurde mit einem anderen Eintrag zusammengeführt.',
    next: 'Bearbeiten Sie den verbliebenen Eintrag.',
  },
  'policy-change-unknown': GONE,
  'record-of-nobody': {
    title: 'Die Person zu dieser Buchung wurde gelöscht.',
    next: 'Die Buchung lässt sich nicht korrigieren.',
  },
  'record-unknown': GONE,
  'rollout-unknown': GONE,
  'scope-unknown': GONE,
  'second-factor-not-offered': {
    title: 'Die Einrichtung einer neuen App wurde noch nicht begonnen.',
    next: 'Beginnen Sie von vorn.',
  },
  'second-factor-not-set': {
    title: 'Dieses Konto hat noch keine Authenticator-App.',
    next: 'Richten Sie zuerst eine ein.',
  },
  'site-configured': {
    title: 'Name und Zeitzone des Standardstandorts kommen aus der Serverkonfiguration.',
    next: 'Ändern Sie sie dort.',
  },
  'too-many-credentials': {
    title: 'Diese Person hat die Höchstzahl an Karten und Ausweisen erreicht.',
    next: 'Sperren Sie die, die nicht mehr gebraucht werden.',
  },
  'unknown-device': GONE,
  'unknown-site': GONE,
  'upload-empty': { title: 'Die Datei ist leer.', next: 'Wählen Sie eine andere Datei.' },
  'checkin-method-required': {
    title: 'Jede Anmeldemethode dieser Richtlinie verlangt ein Gesicht.',
    next: 'Behalten Sie eine ohne Gesicht, etwa Nummer und PIN.',
  },
  'webhook-unknown': GONE,
  'confirmation-wrong': {
    title: 'Das ist weder Nummer noch Name der bereits erfassten Person.',
    next: 'Vergleichen Sie beide Bilder und geben Sie es noch einmal ein.',
  },
  'duplicate-needs-admin': {
    title: 'Nur die Administration kann bestätigen, dass es zwei Personen sind.',
    next: 'Fragen Sie die Administration. Geben Sie der Person inzwischen PIN, Code oder Ausweis.',
  },
  'another-lookalike': {
    title: 'Das Gesicht ähnelt auch einer weiteren Person, die jetzt angezeigt wird.',
    next: 'Vergleichen Sie beide Bilder und entscheiden Sie auch über diese Person.',
  },
  'embedder-changed': {
    title: 'Seit diesen Aufnahmen verwenden die Kioske ein anderes Gesichtsmodell.',
    next: 'Erfassen Sie nicht damit. Nehmen Sie neue Bilder auf.',
  },
  'enrolment-case-unknown': {
    title: 'Diese Erfassung ist nicht mehr offen.',
    next: 'Sie wurde entschieden oder ist abgelaufen. Siehe „Zu klären“.',
  },
  'lookalikes-unknown': {
    title: 'Diese beiden sind nicht mehr als Doppelgänger vermerkt.',
    next: 'Aktualisieren Sie die Liste.',
  },
  'picture-unknown': { title: 'Kein Bild dieser Person vorhanden.', next: 'Vergleichen Sie Name und Nummer.' },
} satisfies Sentences;

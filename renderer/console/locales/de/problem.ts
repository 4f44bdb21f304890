import type { Sentences } from '../../../shared/i18n.ts';
import { errors } from './errors.ts';

/** By the code of the refusal; one without a sentence here is shown in the server's English. Sorted. */
export const problem = {
  ...errors,
  'account-disabled': { title: 'Dieses Konto ist gesperrt.', next: 'Wenden Sie sich an die Administration.' },
  'answer-unreadable': { title: 'Diese Seite ist veraltet.', next: 'Laden Sie sie neu, damit sie zum Server passt.' },
  'attempts-paused': {
    title: 'Zu viele Versuche.',
    next: 'Warten Sie {{seconds}} Sekunden und versuchen Sie es dann erneut.',
  },
  'bad-request': {
    title: 'Einige Angaben sind ungültig.',
    next: 'Prüfen Sie Ihre Eingaben und versuchen Sie es erneut.',
  },
  'email-missing': {
    title: 'Es fehlt eine E-Mail-Adresse.',
    next: 'Geben Sie die Adresse ein, mit der Sie sich anmelden möchten.',
  },
  'email-taken': {
    title: 'Ein anderes Konto verwendet diese Adresse bereits.',
    next: 'Verwenden Sie eine andere Adresse.',
  },
  'internal-error': {
    title: 'Auf dem Server ist ein Fehler aufgetreten.',
    next: 'Versuchen Sie es erneut. Tritt der Fehler weiter auf, sehen Sie im Serverprotokoll nach.',
  },
  'link-already-used': {
    title: 'Dieser Link wurde bereits verwendet.',
    next: 'Jeder Link gilt nur einmal. Bitten Sie um einen neuen.',
  },
  'link-expired': { title: 'Dieser Link ist abgelaufen.', next: 'Bitten Sie um einen neuen.' },
  'link-unknown': {
    title: 'Dieser Link ist ungültig.',
    next: 'Bitten Sie um einen neuen.',
  },
  'no-session': { title: 'Sie sind nicht angemeldet.', next: 'Melden Sie sich erneut an.' },
  'not-allowed': {
    title: 'Dafür fehlt Ihnen die Berechtigung.',
    next: 'Wenden Sie sich an die Administration, wenn Sie Zugriff brauchen.',
  },
  'not-for-people': {
    title: 'Dieser Link öffnet Ihre persönliche Seite, nicht die Konsole.',
    next: 'Bitten Sie um einen Link zur Konsole oder öffnen Sie Ihre persönliche Seite.',
  },
  'password-weak': {
    title: 'Dieses Passwort ist zu leicht zu erraten.',
    next: 'Nehmen Sie mindestens 12 Zeichen, keine gängigen Wörter und nicht Ihre E-Mail-Adresse.',
  },
  'proof-wrong': {
    title: 'Aktuelles Passwort oder Code ist falsch.',
    next: 'Geben Sie Ihr aktuelles Passwort und einen neuen Code aus der App ein.',
  },
  'second-factor-wrong': {
    title: 'Dieser Code ist falsch.',
    next: 'Geben Sie den Code ein, den die App jetzt anzeigt. Jeder Code gilt einmal.',
  },
  'sign-in-refused': {
    title: 'E-Mail-Adresse, Passwort oder Code ist falsch.',
    next: 'Versuchen Sie es mit einem neuen Code: Jeder gilt einmal. Klappt es nicht, bitten Sie die Administration um einen Link.',
  },
  'too-many-requests': {
    title: 'Zu viele Versuche.',
    next: 'Warten Sie eine Minute und versuchen Sie es dann erneut.',
  },
  unreachable: {
    title: 'Der Server ist nicht erreichbar.',
    next: 'Versuchen Sie es gleich noch einmal. Es ist nichts verloren gegangen.',
  },
  'attention-elsewhere': {
    title: 'Das lässt sich hier nicht abschließen.',
    next: 'Entscheiden Sie über das Paar, oder schließen Sie die Prüfung des Imports ab.',
  },
  'attention-unknown': { title: 'Diesen Fall gibt es nicht mehr.', next: 'Aktualisieren Sie die Liste.' },
  'consent-missing': {
    title: 'Für diese Person liegt keine Einwilligung vor.',
    next: 'Zeigen Sie ihr den Text und halten Sie zuerst ihre Einwilligung fest.',
  },
  'privacy-not-set': {
    title: 'Ihre Organisation ist noch nicht eingetragen, und der Einwilligungstext muss sie nennen.',
    next: 'Tragen Sie sie unter „Einstellungen“ bei den Datenschutz-Kontakten ein.',
  },
  'consent-outdated': {
    title: 'Der Einwilligungstext hat sich geändert, seit er gelesen wurde.',
    next: 'Zeigen Sie unter „Einwilligung“ den aktuellen Text und halten Sie die Einwilligung neu fest.',
  },
  'consent-text-not-reviewed': {
    title: 'Dieser Text ist in dieser Sprache nicht geprüft.',
    next: 'Lassen Sie ihn prüfen oder verwenden Sie eine geprüfte Sprache.',
  },
  'consent-text-exists': {
    title: 'Diese Version gibt es in dieser Sprache bereits.',
    next: 'Verwenden Sie eine neue Versionsnummer.',
  },
  'erasure-requested': {
    title: 'Für diese Person ist die Löschung beantragt.',
    next: 'Nehmen Sie zuerst den Antrag zurück.',
  },
  'faces-off': {
    title: 'Gesichtserkennung ist an allen Standorten dieser Person aus.',
    next: 'Richten Sie eine andere Anmeldemethode ein.',
  },
  'guardian-required': {
    title: 'Diese Person ist unter dem Einwilligungsalter.',
    next: 'Tragen Sie die sorgeberechtigte Person und das Verhältnis ein.',
  },
  'import-people-wrong': {
    title: 'Es wurde niemand angelegt. Fehlerhafte Zeilen: {{count}}.',
    next: 'Beheben Sie die Fehler und laden Sie die Liste erneut hoch.',
  },
  'import-people-busy': {
    title: 'Diese Liste wird noch verarbeitet.',
    next: 'Warten Sie, bis die Verarbeitung abgeschlossen ist.',
  },
  'import-nobody-new': { title: 'Alle Personen in dieser Liste gibt es bereits.', next: 'Es ist nichts zu tun.' },
  'import-nobody-made': { title: 'Diese Liste hat niemanden angelegt.', next: 'Es gibt niemanden zu entfernen.' },
  'list-unreadable': {
    title: 'Die Liste ist nicht lesbar: Sie braucht eine Kopfzeile mit Name und Nummer oder E-Mail.',
    next: 'Speichern Sie sie als CSV-Datei mit UTF-8-Kodierung.',
  },
  'import-closed': {
    title: 'Dieser Import ist abgeschlossen oder wird verarbeitet.',
    next: 'Starten Sie einen neuen Import.',
  },
  'import-full': {
    title: 'Dieser Import kann keine weiteren Bilder aufnehmen.',
    next: 'Starten Sie für den Rest einen neuen Import.',
  },
  'not-a-minor': {
    title: 'Diese Person ist alt genug, selbst einzuwilligen.',
    next: 'Lassen Sie das Geburtsdatum weg.',
  },
  'own-consent-required': {
    title: 'Diese Person hat das Einwilligungsalter erreicht.',
    next: 'Fragen Sie die Person selbst und halten Sie ihre eigene Einwilligung fest.',
  },
  'person-changed': {
    title: 'Jemand anderes hat die Daten dieser Person inzwischen geändert.',
    next: 'Aktualisieren Sie die Seite und nehmen Sie Ihre Änderung noch einmal vor.',
  },
  'person-unknown': { title: 'Diese Person gibt es nicht.', next: 'Suchen Sie noch einmal nach der Person.' },
  'pin-without-number': {
    title: 'Diese Person hat keine Nummer; eine PIN braucht eine.',
    next: 'Tragen Sie zuerst eine Nummer ein.',
  },
  'staff-exists': {
    title: 'Beim Kioskpersonal gibt es diesen Namen bereits.',
    next: 'Verwenden Sie den vollständigen Namen.',
  },
  'staff-too-many': {
    title: 'Dieser Standort hat die Höchstzahl an Kioskpersonal erreicht.',
    next: 'Entfernen Sie zuerst jemanden.',
  },
  'staff-unknown': { title: 'Dieses Personalmitglied gibt es nicht mehr.', next: 'Aktualisieren Sie die Seite.' },
  'staff-badge-taken': {
    title: 'Ein anderes Personalmitglied hat diesen Ausweis.',
    next: 'Verwenden Sie einen anderen Ausweis.',
  },
  'staff-of-kiosk': {
    title: 'Dieses Personalmitglied gehört zu einem einzelnen Kiosk.',
    next: 'Ändern Sie es an diesem Kiosk unter „Personal“.',
  },
  'staff-no-factor': {
    title: 'Nur technisches Personal hat einen zweiten Faktor.',
    next: 'Setzen Sie stattdessen die PIN zurück.',
  },
  'templates-on-card': {
    title: 'Ein Standort dieser Person speichert Gesichtsvorlagen nur auf der Karte der Person.',
    next: 'Erfassen Sie die Person an einem Kiosk; er erstellt die Karte.',
  },
  'fingerprint-differs': {
    title: 'Das ist nicht der Fingerabdruck dieses Kiosks.',
    next: 'Prüfen Sie ihn noch einmal auf dem Bildschirm des Kiosks. Weicht er weiter ab, geben Sie den Kiosk nicht frei.',
  },
  'zip-broken': {
    title: 'Die ZIP-Datei ist nicht lesbar.',
    next: 'Erstellen Sie sie neu und versuchen Sie es erneut.',
  },
  'zip-encrypted': { title: 'Die ZIP-Datei ist passwortgeschützt.', next: 'Erstellen Sie sie ohne Passwort.' },
  'zip-name-unsafe': {
    title: 'Die ZIP-Datei enthält einen unsicheren Dateinamen.',
    next: 'Benennen Sie die Datei um und erstellen Sie die ZIP-Datei neu.',
  },
  'zip-too-large': { title: 'Die ZIP-Datei ist entpackt zu groß.', next: 'Teilen Sie sie in mehrere Dateien auf.' },
  'zip-too-many': {
    title: 'Die ZIP-Datei enthält zu viele Dateien.',
    next: 'Teilen Sie sie in mehrere ZIP-Dateien auf.',
  },
  'repository-expired': {
    title: 'Die Signaturen des Build-Verzeichnisses sind abgelaufen.',
    next: 'Signieren Sie es neu (smartpresence release refresh) und versuchen Sie es dann erneut.',
  },
  'repository-unreadable': {
    title: 'Das Build-Verzeichnis ist nicht lesbar.',
    next: 'Prüfen Sie es mit „smartpresence release verify“.',
  },
  'ring-empty': {
    title: 'Ein Schritt verwendet einen Ring ohne Kioske.',
    next: 'Fügen Sie dem Ring einen Kiosk hinzu oder wählen Sie andere Schritte.',
  },
  'settings-changed-meanwhile': {
    title: 'Jemand anderes hat diese Einstellungen inzwischen geändert.',
    next: 'Prüfen Sie die aktuellen Einstellungen und speichern Sie dann erneut.',
  },
  'settings-revision-unknown': { title: 'Diese Version gibt es nicht.', next: 'Aktualisieren Sie die Seite.' },
  'command-name-differs': {
    title: 'Das ist nicht der Name dieses Kiosks.',
    next: 'Geben Sie zur Bestätigung seinen Namen ein.',
  },
  'command-waits': {
    title: 'Dieser Befehl wartet bereits auf den Kiosk.',
    next: 'Warten Sie, bis er ausgeführt ist, oder nehmen Sie ihn zuerst zurück.',
  },
  'command-answered': {
    title: 'Dieser Befehl wurde bereits begonnen oder ausgeführt.',
    next: 'Aktualisieren Sie die Seite.',
  },
  'command-unknown': { title: 'Diesen Befehl gibt es nicht mehr.', next: 'Aktualisieren Sie die Seite.' },
  'device-leaves': { title: 'Dieser Kiosk wird gelöscht.', next: 'Er nimmt keine Befehle mehr an.' },
  'device-not-approved': {
    title: 'Dieser Kiosk ist nicht freigegeben.',
    next: 'Geben Sie ihn frei, bevor Sie Befehle senden.',
  },
  'rollout-at-everybody': {
    title: 'Dieser Rollout ist beim letzten Schritt.',
    next: 'Es gibt keinen weiteren Schritt.',
  },
  'rollout-not-so': {
    title: 'Diese Aktion ist gerade nicht möglich.',
    next: 'Aktualisieren Sie die Seite: Der Rollout hat sich möglicherweise geändert.',
  },
  'rollout-over': { title: 'Ein neuerer Rollout hat diesen ersetzt.', next: 'Aktualisieren Sie die Seite.' },
  'rollout-running': {
    title: 'Es läuft bereits ein Rollout.',
    next: 'Pausieren Sie ihn oder machen Sie ihn zuerst rückgängig.',
  },
  'updates-not-configured': {
    title: 'Dieser Server verteilt keine Updates.',
    next: 'Setzen Sie SMARTPRESENCE_UPDATES und starten Sie den Server neu.',
  },
  'version-not-in-repository': {
    title: 'Das Build-Verzeichnis enthält keinen vollständigen Build dieser Version.',
    next: 'Veröffentlichen Sie sie zuerst oder wählen Sie eine andere Version.',
  },
  'version-not-newer': {
    title: 'Alle Kioske haben bereits diese oder eine neuere Version.',
    next: 'Machen Sie den neueren Rollout rückgängig oder veröffentlichen Sie unter einer höheren Versionsnummer.',
  },
} satisfies Sentences;

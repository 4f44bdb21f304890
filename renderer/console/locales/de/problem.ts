import type { Sentences } from '../../../shared/i18n.ts';
import { errors } from './errors.ts';

/** By the code of the refusal; one without a sentence here is shown in the server's English. Sorted. */
export const problem = {
  ...errors,
  'account-disabled': { title: 'Dieses Konto ist gesperrt.', next: 'Fragen Sie die Administration.' },
  'answer-unreadable': { title: 'Diese Seite ist älter als der Server.', next: 'Laden Sie die Seite neu.' },
  'attempts-paused': { title: 'Zu viele Versuche.', next: 'Warten Sie {{seconds}} Sekunden, dann noch einmal.' },
  'bad-request': { title: 'Etwas daran ist nicht, wie es sein muss.', next: 'Prüfen Sie Ihre Eingaben.' },
  'email-missing': { title: 'Es fehlt eine Adresse.', next: 'Geben Sie eine an: Mit ihr melden Sie sich an.' },
  'email-taken': { title: 'Ein anderes Konto hat diese Adresse.', next: 'Nehmen Sie eine andere.' },
  'internal-error': {
    title: 'Der Server hat versagt.',
    next: 'Versuchen Sie es noch einmal. Bleibt es so, sagt sein Protokoll warum.',
  },
  'link-already-used': {
    title: 'Dieser Link wurde schon benutzt.',
    next: 'Er gilt nur einmal. Bitten Sie um einen neuen.',
  },
  'link-expired': { title: 'Dieser Link ist zu alt.', next: 'Bitten Sie um einen neuen.' },
  'link-unknown': {
    title: 'Dieser Link gehört nicht zu diesem Server oder wurde zurückgezogen.',
    next: 'Bitten Sie um einen neuen.',
  },
  'no-session': { title: 'Sie sind nicht oder nicht mehr angemeldet.', next: 'Melden Sie sich wieder an.' },
  'not-allowed': { title: 'Das gehört nicht zu Ihrer Rolle.', next: 'Fragen Sie jemanden, zu dessen Rolle es gehört.' },
  'not-for-people': {
    title: 'Dieser Link öffnet Ihre eigenen Daten, nicht die Konsole.',
    next: 'Bitten Sie um einen Link zur Konsole, oder öffnen Sie Ihre eigene Seite.',
  },
  'password-weak': {
    title: 'Dieses Passwort ist zu leicht zu erraten.',
    next: 'Wählen Sie ein anderes: mindestens 12 Zeichen, kein gängiges Wort, nicht Ihre Adresse.',
  },
  'proof-wrong': {
    title: 'Jetziges Passwort oder Code ist falsch.',
    next: 'Geben Sie das jetzige Passwort und einen neuen Code der App ein.',
  },
  'second-factor-wrong': {
    title: 'Dieser Code stimmt nicht.',
    next: 'Tippen Sie den ein, den die App jetzt zeigt; jeder gilt einmal.',
  },
  'sign-in-refused': {
    title: 'Adresse, Passwort oder Code ist falsch.',
    next: 'Versuchen Sie es mit einem neuen Code: Jeder gilt einmal. Die Administration kann einen neuen Link erstellen.',
  },
  'too-many-requests': { title: 'Zu viele Versuche.', next: 'Warten Sie eine Minute.' },
  unreachable: {
    title: 'Der Server ist nicht erreichbar.',
    next: 'Versuchen Sie es gleich noch einmal; es ging nichts verloren.',
  },
  'attention-elsewhere': {
    title: 'Das wird dort entschieden, wohin es gehört.',
    next: 'Entscheiden Sie über das Paar, oder schließen Sie die Prüfung ab.',
  },
  'attention-unknown': { title: 'Diesen Eintrag gibt es nicht mehr.', next: 'Lesen Sie die Liste neu.' },
  'consent-missing': {
    title: 'Es ist keine Einwilligung dieser Person festgehalten.',
    next: 'Zeigen Sie den Text und halten Sie zuerst die Einwilligung fest.',
  },
  'privacy-not-set': {
    title:
      'Wer dieses Haus betreibt, ist nicht angegeben; der Text kann nicht sagen, wer das Gesicht aufbewahren würde.',
    next: 'Tragen Sie es unter „Einstellungen“ bei den Datenschutz-Kontakten ein.',
  },
  'consent-outdated': {
    title: 'Der Einwilligungstext hat sich seither geändert.',
    next: 'Zeigen Sie unter „Einwilligung“ den jetzigen Text und halten Sie die Zustimmung fest.',
  },
  'consent-text-not-reviewed': {
    title: 'Dieser Text ist in dieser Sprache nicht geprüft.',
    next: 'Lassen Sie ihn prüfen, oder nehmen Sie eine geprüfte Sprache.',
  },
  'consent-text-exists': {
    title: 'Diese Version gibt es in dieser Sprache schon.',
    next: 'Erstellen Sie eine neue Version.',
  },
  'erasure-requested': {
    title: 'Diese Person hat ihre Löschung verlangt.',
    next: 'Nehmen Sie erst den Antrag zurück.',
  },
  'faces-off': { title: 'Kein Standort dieser Person erkennt Gesichter.', next: 'Geben Sie ihr einen anderen Weg.' },
  'guardian-required': {
    title: 'Diese Person ist noch nicht einwilligungsfähig.',
    next: 'Halten Sie fest, wer für sie einwilligt und in welchem Verhältnis.',
  },
  'import-people-wrong': {
    title: '{{count}} Zeilen der Liste sind falsch; es wurde niemand angelegt.',
    next: 'Verbessern Sie sie und laden Sie die Liste noch einmal hoch.',
  },
  'import-people-busy': {
    title: 'Die Personen dieser Liste werden gerade angelegt oder zurückgenommen.',
    next: 'Warten Sie, bis das fertig ist.',
  },
  'import-nobody-new': { title: 'Alle auf der Liste sind schon da.', next: 'Es ist nichts zu tun.' },
  'import-nobody-made': { title: 'Wegen dieser Liste ist niemand da.', next: 'Es gibt nichts zurückzunehmen.' },
  'list-unreadable': {
    title: 'Die Liste ist nicht lesbar: sie braucht eine Kopfzeile mit Name und Nummer oder E-Mail.',
    next: 'Speichern Sie sie als CSV in UTF-8.',
  },
  'import-closed': { title: 'Dieser Import wird angewendet oder ist beendet.', next: 'Beginnen Sie einen neuen.' },
  'import-full': {
    title: 'Dieser Import nimmt keine weiteren Bilder.',
    next: 'Beginnen Sie für den Rest einen neuen.',
  },
  'not-a-minor': {
    title: 'Diese Person ist alt genug, selbst einzuwilligen.',
    next: 'Lassen Sie den Geburtstag weg: er wird nicht aufbewahrt.',
  },
  'own-consent-required': {
    title: 'Diese Person ist mündig geworden.',
    next: 'Fragen Sie sie selbst und halten Sie die eigene Einwilligung fest.',
  },
  'person-changed': {
    title: 'Jemand anderes hat diese Person inzwischen geändert.',
    next: 'Lesen Sie die Seite neu und wiederholen Sie die Änderung.',
  },
  'person-unknown': { title: 'Diese Person gibt es nicht.', next: 'Suchen Sie noch einmal.' },
  'pin-without-number': {
    title: 'Diese Person hat keine Nummer, die zu einer PIN gehört.',
    next: 'Geben Sie ihr zuerst eine Nummer.',
  },
  'staff-exists': {
    title: 'Im Personal der Kioske gibt es diesen Namen schon.',
    next: 'Geben Sie den Namen vollständig an.',
  },
  'staff-too-many': {
    title: 'Der Standort hat so viel Personal, wie ein Kiosk aufnehmen kann.',
    next: 'Entfernen Sie zuerst jemanden.',
  },
  'staff-unknown': { title: 'Dieses Mitglied des Personals gibt es nicht (mehr).', next: 'Laden Sie die Seite neu.' },
  'staff-badge-taken': { title: 'Diesen Ausweis hat schon jemand anderes.', next: 'Nehmen Sie einen anderen Ausweis.' },
  'staff-of-kiosk': {
    title: 'Dieses Mitglied wurde an einem Kiosk hinzugefügt.',
    next: 'Ändern Sie es dort unter Personal.',
  },
  'staff-no-factor': { title: 'Nur die Technik hat einen zweiten Faktor.', next: 'Setzen Sie die PIN zurück.' },
  'templates-on-card': {
    title: 'An einem Standort dieser Person liegen Vorlagen nur auf der Karte.',
    next: 'Erfassen Sie sie an einem Kiosk, der die Karte macht.',
  },
  'fingerprint-differs': {
    title: 'Das ist nicht der Fingerabdruck dieses Kiosks.',
    next: 'Lesen Sie ihn noch einmal ab; weicht er ab, geben Sie nicht frei.',
  },
  'zip-broken': { title: 'Das Archiv ist nicht lesbar.', next: 'Packen Sie es neu.' },
  'zip-encrypted': { title: 'Das Archiv ist mit einem Passwort gesperrt.', next: 'Packen Sie es ohne.' },
  'zip-name-unsafe': { title: 'Ein Dateiname im Archiv führt hinaus.', next: 'Packen Sie es neu.' },
  'zip-too-large': { title: 'Das Archiv ist entpackt zu groß.', next: 'Teilen Sie es.' },
  'zip-too-many': { title: 'Das Archiv enthält zu viele Dateien.', next: 'Teilen Sie es.' },
  'repository-expired': {
    title: 'Die Signaturen des Verzeichnisses sind abgelaufen.',
    next: 'Signieren Sie es neu (smartpresence release refresh) und beginnen Sie dann.',
  },
  'repository-unreadable': {
    title: 'Das Verzeichnis der Versionen ist nicht lesbar.',
    next: 'Prüfen Sie es mit „smartpresence release verify“.',
  },
  'ring-empty': {
    title: 'Ein Schritt gilt einem Ring ohne Kiosk.',
    next: 'Setzen Sie erst einen hinein, oder wählen Sie andere Schritte.',
  },
  'settings-changed-meanwhile': {
    title: 'Jemand anders hat diese Einstellungen inzwischen geändert.',
    next: 'Sehen Sie sie noch einmal an, und entscheiden Sie dann.',
  },
  'settings-revision-unknown': { title: 'Diese Fassung gibt es nicht.', next: 'Lesen Sie die Seite neu.' },
  'command-name-differs': {
    title: 'Das ist nicht der Name dieses Kiosks.',
    next: 'Tippen Sie zur Bestätigung seinen Namen.',
  },
  'command-waits': {
    title: 'Das ist ihm schon aufgetragen.',
    next: 'Warten Sie darauf, oder nehmen Sie es erst zurück.',
  },
  'command-answered': { title: 'Er hat damit begonnen, oder es ist vorbei.', next: 'Lesen Sie die Seite neu.' },
  'command-unknown': { title: 'Das gibt es nicht mehr.', next: 'Lesen Sie die Seite neu.' },
  'device-leaves': { title: 'Dieser Kiosk wird gelöscht.', next: 'Anderes tut er nicht mehr.' },
  'device-not-approved': {
    title: 'Diesem Kiosk wird nichts aufgetragen.',
    next: 'Nur ein freigegebener tut, was ihm aufgetragen ist.',
  },
  'rollout-at-everybody': { title: 'Es ist beim letzten Schritt.', next: 'Weiter geht es nicht.' },
  'rollout-not-so': {
    title: 'Das geht mit diesem Rollout jetzt nicht.',
    next: 'Lesen Sie die Seite neu: Jemand war schneller.',
  },
  'rollout-over': { title: 'Ein anderer Rollout ist an seine Stelle getreten.', next: 'Lesen Sie die Seite neu.' },
  'rollout-running': {
    title: 'Es wird gerade eine Version verteilt.',
    next: 'Halten Sie sie an, oder nehmen Sie sie zurück.',
  },
  'updates-not-configured': {
    title: 'Dieser Server gibt keine Updates aus.',
    next: 'Setzen Sie SMARTPRESENCE_UPDATES, und starten Sie den Server neu.',
  },
  'version-not-in-repository': {
    title: 'Das Verzeichnis hat diese Version nicht vollständig.',
    next: 'Veröffentlichen Sie sie erst, oder wählen Sie eine andere.',
  },
  'version-not-newer': {
    title: 'Jeder Kiosk hat diese oder eine neuere Version.',
    next: 'Nehmen Sie zurück, was sie brachte, oder veröffentlichen Sie unter einer höheren Version.',
  },
} satisfies Sentences;

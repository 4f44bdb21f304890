import type { Sentences } from '../../../shared/i18n.ts';

/** What the server's own checks find, by code (sync/server/app/checks/). */
export const serverChecks = {
  'check-failed': 'Eine Serverprüfung konnte nicht ausgeführt werden: Sehen Sie im Serverprotokoll nach',
  'database-failed': 'Die Datenbank ist nicht erreichbar',
  'database-no-answer': 'Die Datenbank antwortet zu langsam',
  'database-tls-refused': 'Die Verbindung zur Datenbank ist nicht wie verlangt verschlüsselt',
  'database-logs-parameters':
    'Die Datenbank schreibt personenbezogene Daten in ihr Protokoll: Ändern Sie ihre Protokolleinstellungen',
  'database-read-only': 'Die Datenbank ist schreibgeschützt',
  'keyring-failed': 'Die Schlüssel des Servers lassen sich nicht öffnen',
  'rotation-open': 'Ein Schlüsselwechsel läuft: Behalten Sie die bisherigen Schlüssel, bis er abgeschlossen ist',
  'previous-keys-left':
    'Der Schlüsselwechsel ist abgeschlossen: Entfernen Sie die bisherigen Schlüssel aus der Konfiguration',
  'clock-wrong': 'Die Uhr des Servers weicht um mehr als fünf Minuten ab: Stellen Sie sie richtig',
  'clock-differs': 'Die Uhren von Server und Datenbank weichen voneinander ab: Synchronisieren Sie beide per NTP',
  'disk-full': 'Der Datenträger des Servers ist voll: Geben Sie jetzt Platz frei',
  'disk-low': 'Der Datenträger des Servers ist fast voll: Geben Sie Platz frei',
  'quarantine-full':
    'Ein Kiosk hat zu viele abgewiesene Ereignisse gesendet: Einige vom letzten Tag wurden nicht aufbewahrt',
  'embedded-database':
    'Der Server nutzt die Testdatenbank, die bei Stromausfall Daten verlieren kann: Wechseln Sie zu PostgreSQL',
  'database-newer': 'Die Datenbank wurde von einem neueren Build aktualisiert: Starten Sie diesen',
  'schema-waits': 'Die Datenbank muss aktualisiert werden: Starten Sie den neuen Server',
  'database-not-durable': 'Ein Stromausfall kann Buchungen kosten: Setzen Sie fsync und synchronous_commit auf on',
  'database-recycles-log':
    'In Datenbankdateien können Schlüssel gelöschter Personen bleiben: Setzen Sie wal_recycle auf off',
  'database-rights-missing': 'Der Datenbankrolle des Servers fehlt ein Recht, das Updates brauchen',
  'database-superuser': 'Die Datenbankrolle des Servers ist Superuser: Verwenden Sie eine mit weniger Rechten',
  'models-missing': 'Auf dem Server fehlen Gesichtsmodelle: Personen lassen sich nicht aus Bildern erfassen',
  'models-altered':
    'Ein Gesichtsmodell auf dem Server wurde verändert und wird nicht verwendet: Klären Sie, wer es geändert hat',
  'broker-not-connected': 'Der Nachrichten-Broker ist nicht erreichbar: Die Kioske nutzen stattdessen HTTPS',
  'broker-not-readable':
    'Ein Server empfängt nichts vom Nachrichten-Broker: Nehmen Sie ihn in dessen Zugriffsregeln auf',
  'broker-not-writable':
    'Der Nachrichten-Broker weist Antworten eines Servers ab: Nehmen Sie ihn in dessen Zugriffsregeln auf',
  's3-unusable': 'Der Backup-Speicher ist nicht nutzbar: Es werden keine Backups erstellt',
  'backups-not-configured': 'Kein Backup-Speicher ist eingerichtet: Es werden keine Backups erstellt',
  'mail-unreachable': 'Der Mailserver ist nicht erreichbar oder weist Nachrichten ab: Es werden keine E-Mails gesendet',
  'mail-not-configured': 'Kein Mailserver ist eingerichtet: Das Personal muss Links selbst weitergeben',
  'people-certificate-ended': 'Das Zertifikat der Konsole ist abgelaufen: Erneuern Sie es',
  'people-certificate-ends-soon': 'Das Zertifikat der Konsole läuft bald ab: Erneuern Sie es',
  'ca-ends-soon': 'Die Zertifizierungsstelle, der die Kioske vertrauen, läuft bald ab: Erstellen Sie eine neue',
  'broker-certificate-ended':
    'Das Zertifikat des Nachrichten-Brokers ist abgelaufen: Die Kioske nutzen stattdessen HTTPS',
  'broker-certificate-ends-soon': 'Das Zertifikat des Nachrichten-Brokers läuft bald ab: Erstellen Sie ein neues',
  'backup-missing': 'Es gibt kein vollständiges Backup',
  'backup-old': 'Das neueste Backup ist über 36 Stunden alt',
  'backup-not-verified': 'Seit 35 Tagen wurde kein Backup geprüft: Prüfen Sie eines',
  'audit-anchor-old': 'Der Prüfwert des Audit-Protokolls außerhalb der Datenbank ist über zwei Stunden alt',
  'server-not-running': 'Auf dieser Datenbank läuft kein Server',
  'replica-silent': 'Ein Server reagiert nicht mehr: Prüfen Sie seinen Rechner',
  'replica-name-twice': 'Zwei Server haben denselben Namen: Benennen Sie einen um',
  'replicas-differ': 'Die Server laufen mit verschiedenen Builds: Schließen Sie das Update ab',
  'administrator-missing': 'Noch kein Administratorkonto hat Passwort und zweiten Faktor',
  'consent-text-missing': 'Kein eigener Einwilligungstext ist in Kraft: Angezeigt wird der mitgelieferte',
  'contacts-missing':
    'Ihre Organisation ist noch nicht eingetragen: Ergänzen Sie sie samt Datenschutz-Kontakten unter „Einstellungen“',
  'time-zone-unset': 'Die Zeitzone eines Standorts ist UTC: Prüfen Sie, ob das so gewollt ist',
} satisfies Sentences;

import type { Locale } from '../en.ts';
import type { enSetup } from './en.ts';

export const deSetup: Locale<typeof enSetup> = {
  title: 'Diesen Kiosk einrichten',
  language: 'Sprache dieses Kiosks',
  show: 'Halten Sie den QR-Code aus der Konsole vor die Kamera',
  showMore: 'In der Konsole unter „Kioske“, dann „Kiosk hinzufügen“.',
  reading: 'QR-Codes lassen sich gerade nicht lesen. Geben Sie den Code stattdessen ein.',
  type: 'Code stattdessen eingeben',
  typeTitle: 'Code aus der Konsole',
  code: 'Code',
  typeMore: 'Bindestriche und Leerzeichen können Sie weglassen.',
  send: 'Verbinden',
  alone: 'Ohne Server verwenden',
  aloneTitle: 'Ohne Server',
  aloneMore: 'Alles bleibt auf diesem Kiosk. Wählen Sie seine Personal-PIN, oder geben Sie die vorhandene ein.',
  aloneDo: 'Starten',
  asking: 'Verbindung zu {{server}} …',
  askingMore: 'Das dauert einige Sekunden.',
  againByItself: 'Der Kiosk versucht es weiter.',
  another: 'Anderen Code verwenden',
  approval: 'Bestätigen Sie dies in der Konsole',
  approvalMore:
    'In der Konsole unter „Kioske“ auf „Freigeben“ gehen und diese Zeichen eingeben. Dieser Kiosk hat {{server}} kontaktiert.',
  waiting: 'Dieser Bildschirm geht automatisch weiter, sobald der Kiosk freigegeben ist.',
  startOver: 'Neu beginnen',
  pinTitle: 'Personal-PIN für diesen Kiosk',
  pinMore: 'Mindestens 6 Ziffern. Das Personal braucht sie an diesem Kiosk, zum Beispiel um Personen zu erfassen.',
  pin: 'Personal-PIN wählen',
  pinSave: 'Speichern',
  pinSet: 'Personal-PIN festgelegt',
  clockAhead:
    'Die Uhr dieses Kiosks geht gegenüber dem Server {{time}} vor. Stellen Sie sie: Codes und Einträge hängen davon ab.',
  clockBehind:
    'Die Uhr dieses Kiosks geht gegenüber dem Server {{time}} nach. Stellen Sie sie: Codes und Einträge hängen davon ab.',
  minutes: '{{count}} min',
  hours: '{{count}} Std.',
  days: '{{count}} d',
  joined: 'Dieser Kiosk gehört jetzt zu {{server}}',
  joinedMore: 'Wird neu gestartet …',
  codeIs: 'Code für den Support',
  leavingWipe: 'Dieser Kiosk wird gelöscht',
  leavingDecommission: 'Dieser Kiosk wird außer Betrieb genommen',
  leavingWaiting_one: '{{count}} Eintrag muss noch zum Server.',
  leavingWaiting_other: '{{count}} Einträge müssen noch zum Server.',
  leavingBackup_one: 'Der Server hat alles. {{count}} Eintrag wartet noch auf die nächste Sicherung.',
  leavingBackup_other: 'Der Server hat alles. {{count}} Einträge warten noch auf die nächste Sicherung.',
  leavingNow: 'Alles auf ihm wird gelöscht. Schalten Sie ihn nicht aus.',
  goneWipe: 'Dieses Gerät wurde gelöscht',
  goneDecommission: 'Dieses Gerät wurde außer Betrieb genommen',
  removedMore: 'Es ist nichts mehr darauf: keine Einträge, keine Gesichter, keine Schlüssel.',
  notifying: 'Alles darauf wurde gelöscht. Der Server wird benachrichtigt …',
  setUpAgain: 'Neu einrichten',
  trouble: {
    'join-code-mistyped': {
      why: 'Das ist kein Code aus der Konsole, oder er enthält einen Tippfehler.',
      next: 'Zeigen Sie den Code unter „Kiosk hinzufügen“ in der Konsole, oder geben Sie ihn Gruppe für Gruppe noch einmal ein.',
    },
    'join-code-newer': {
      why: 'Dieser Code stammt von einem neueren Server.',
      next: 'Aktualisieren Sie zuerst diesen Kiosk.',
    },
    'join-code-unknown': {
      why: 'Der Server kennt diesen Code nicht.',
      next: 'Erstellen Sie in der Konsole einen neuen Code und zeigen Sie ihn hier.',
    },
    'join-code-used': {
      why: 'Diesen Code hat bereits ein anderer Kiosk verwendet.',
      next: 'Jeder Code gilt für einen Kiosk. Erstellen Sie in der Konsole einen neuen.',
    },
    'join-code-expired': {
      why: 'Dieser Code ist abgelaufen.',
      next: 'Erstellen Sie in der Konsole einen neuen Code und zeigen Sie ihn hier.',
    },
    'device-revoked': {
      why: 'Dieser Kiosk wurde von der Verwaltung abgelehnt.',
      next: 'Fragen Sie dort nach dem Grund. Für einen neuen Versuch erstellen Sie in der Konsole einen neuen Code.',
    },
    'device-id-reserved': {
      why: 'Der Server akzeptiert die ID dieses Kiosks nicht.',
      next: 'Richten Sie diesen Kiosk in einem leeren Ordner neu ein, und zeigen Sie dann einen neuen Code.',
    },
    'device-registered-otherwise': {
      why: 'Der Server kennt diesen Kiosk mit anderen Schlüsseln.',
      next: 'Sperren Sie den alten Eintrag in der Konsole, und zeigen Sie dann einen neuen Code.',
    },
    'server-pin-differs': {
      why: 'Geantwortet hat nicht der Server, der diesen Code erstellt hat.',
      next: 'Erstellen Sie den Code auf dem richtigen Server. War es der richtige, fängt möglicherweise jemand die Verbindung ab: Informieren Sie die Verwaltung.',
    },
    'server-not-trusted': {
      why: 'Der Server konnte seine Identität nicht nachweisen.',
      next: 'Prüfen Sie die Adresse in den Einstellungen der Konsole, und erstellen Sie dann einen neuen Code.',
    },
    'server-wrong-host': {
      why: 'Das Zertifikat des Servers gilt für eine andere Adresse.',
      next: 'Tragen Sie die Adresse auf dem Server in SMARTPRESENCE_HOSTNAMES ein, und erstellen Sie dann einen neuen Code.',
    },
    'server-certificate-expired': {
      why: 'Das Zertifikat des Servers ist abgelaufen.',
      next: 'Erneuern Sie es auf dem Server, und zeigen Sie den Code noch einmal.',
    },
    'server-unreachable': {
      why: 'Der Server ist nicht erreichbar.',
      next: 'Prüfen Sie Netzwerkkabel oder WLAN dieses Kiosks, und ob eine Firewall den Weg zum Server blockiert.',
    },
    'server-silent': {
      why: 'Der Server hat nicht rechtzeitig geantwortet.',
      next: 'Prüfen Sie das Netzwerk, und ob der Server läuft.',
    },
    'proxy-unreachable': {
      why: 'Der Proxy ist nicht erreichbar.',
      next: 'Prüfen Sie die Adresse mit `smartpresence device proxy` auf der Befehlszeile dieses Kiosks.',
    },
    'too-many-requests': {
      why: 'Zu viele Versuche.',
      next: 'Warten Sie eine Minute, und versuchen Sie es dann erneut.',
    },
    'fingerprint-differs': {
      why: 'Kiosk und Server berechnen unterschiedliche Fingerabdrücke.',
      next: 'Geben Sie diesen Kiosk nicht frei. Aktualisieren Sie Server und Kiosk auf dieselbe Version.',
    },
    'grant-of-another-server': {
      why: 'Die Antwort stammt nicht von dem Server, der den Code erstellt hat.',
      next: 'Erstellen Sie einen neuen Code, und informieren Sie die Verwaltung.',
    },
  },
};

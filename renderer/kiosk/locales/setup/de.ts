import type { Locale } from '../en.ts';
import type { enSetup } from './en.ts';

export const deSetup: Locale<typeof enSetup> = {
  title: 'Diesen Kiosk einrichten',
  language: 'Sprache dieses Kiosks',
  show: 'Halten Sie den Code der Konsole vor die Kamera',
  showMore: 'In der Konsole: Kioske, dann „Kiosk hinzufügen“.',
  reading: 'Codes lassen sich gerade nicht lesen. Tippen Sie den Code ein.',
  type: 'Code stattdessen eintippen',
  typeTitle: 'Der Code der Konsole',
  code: 'Code',
  typeMore: 'Striche und Leerzeichen sind egal.',
  send: 'Anmelden',
  alone: 'Ohne Server benutzen',
  aloneTitle: 'Ohne Server',
  aloneMore: 'Alles bleibt allein auf diesem Kiosk. Wählen Sie seine Personal-PIN, oder geben Sie die vorhandene ein.',
  aloneDo: 'Beginnen',
  asking: '{{server}} wird gefragt …',
  askingMore: 'Das dauert einige Sekunden.',
  againByItself: 'Es wird von selbst wieder versucht.',
  another: 'Anderer Code',
  approval: 'Vergleichen Sie dies in der Konsole',
  approvalMore:
    'In der Konsole: Kioske, „Freigeben“, und dort diese Zeichen eintippen. Der Kiosk hat {{server}} gefragt.',
  waiting: 'Dieser Bildschirm geht von selbst weiter, sobald der Kiosk freigegeben ist.',
  startOver: 'Von vorn beginnen',
  pinTitle: 'Personal-PIN dieses Kiosks',
  pinMore: 'Mindestens sechs Ziffern. Das Personal braucht sie an diesem Kiosk, etwa um Personen aufzunehmen.',
  pin: 'Personal-PIN wählen',
  pinSave: 'Speichern',
  pinSet: 'Eine Personal-PIN ist gesetzt',
  clockAhead:
    'Die Uhr dieses Kiosks geht gegenüber dem Server {{time}} vor. Stellen Sie sie: Codes und Zeiten richten sich nach ihr.',
  clockBehind:
    'Die Uhr dieses Kiosks geht gegenüber dem Server {{time}} nach. Stellen Sie sie: Codes und Zeiten richten sich nach ihr.',
  minutes: '{{count}} min',
  hours: '{{count}} Std.',
  days: '{{count}} Tage',
  joined: 'Dieser Kiosk gehört jetzt zu {{server}}',
  joinedMore: 'Er startet von selbst neu …',
  codeIs: 'Code für die Betreuung',
  leavingWipe: 'Dieser Kiosk wird gelöscht',
  leavingDecommission: 'Dieser Kiosk wird außer Betrieb genommen',
  leavingWaiting_one: '{{count}} Eintrag muss noch zum Server.',
  leavingWaiting_other: '{{count}} Einträge müssen noch zum Server.',
  leavingBackup_one: 'Der Server hat alles. Ein Eintrag wartet noch auf seine nächste Sicherung.',
  leavingBackup_other: 'Der Server hat alles. {{count}} Einträge warten noch auf seine nächste Sicherung.',
  leavingNow: 'Alles darauf wird vernichtet. Schalten Sie ihn nicht aus.',
  goneWipe: 'Dieses Gerät wurde gelöscht',
  goneDecommission: 'Dieses Gerät wurde außer Betrieb genommen',
  removedMore: 'Nichts ist mehr darauf: keine Einträge, keine Gesichter, keine Schlüssel.',
  notifying: 'Alles darauf ist vernichtet. Der Server weiß es noch nicht …',
  anew: 'Neu einrichten',
  trouble: {
    'join-code-mistyped': {
      why: 'Das ist kein Code der Konsole, oder er ist vertippt.',
      next: 'Zeigen Sie den Code unter „Kiosk hinzufügen“ in der Konsole, oder tippen Sie ihn noch einmal, Gruppe für Gruppe.',
    },
    'join-code-newer': {
      why: 'Diesen Code hat ein neuerer Server gemacht.',
      next: 'Aktualisieren Sie zuerst diesen Kiosk.',
    },
    'join-code-unknown': {
      why: 'Der Server kennt diesen Code nicht.',
      next: 'Machen Sie in der Konsole einen neuen Code und zeigen Sie ihn hier.',
    },
    'join-code-used': {
      why: 'Diesen Code hat schon ein anderer Kiosk benutzt.',
      next: 'Jeder Code ist für einen Kiosk: Machen Sie in der Konsole einen neuen.',
    },
    'join-code-expired': {
      why: 'Dieser Code ist abgelaufen.',
      next: 'Machen Sie in der Konsole einen neuen Code und zeigen Sie ihn hier.',
    },
    'device-revoked': {
      why: 'Die Verwaltung hat diesen Kiosk abgelehnt.',
      next: 'Fragen Sie nach dem Grund. Für einen neuen Versuch machen Sie in der Konsole einen neuen Code.',
    },
    'device-id-reserved': {
      why: 'Der Server akzeptiert die Identität dieses Kiosks nicht.',
      next: 'Richten Sie diesen Kiosk in einem leeren Ordner neu ein, und zeigen Sie dann einen neuen Code.',
    },
    'device-registered-otherwise': {
      why: 'Der Server kennt diesen Kiosk mit anderen Schlüsseln.',
      next: 'Widerrufen Sie den alten Eintrag in der Konsole, und zeigen Sie dann einen neuen Code.',
    },
    'server-pin-differs': {
      why: 'Der Server, der antwortet, ist nicht der, der diesen Code gemacht hat.',
      next: 'Machen Sie den Code auf dem richtigen Server. War es der richtige, steht jemand dazwischen: Sagen Sie es der Verwaltung.',
    },
    'server-not-trusted': {
      why: 'Der Server konnte nicht beweisen, wer er ist.',
      next: 'Prüfen Sie die Adresse in den Einstellungen der Konsole, und machen Sie dann einen neuen Code.',
    },
    'server-wrong-host': {
      why: 'Das Zertifikat des Servers gilt für eine andere Adresse.',
      next: 'Nehmen Sie die Adresse auf dem Server in SMARTPRESENCE_HOSTNAMES auf, und machen Sie dann einen neuen Code.',
    },
    'server-certificate-expired': {
      why: 'Das Zertifikat des Servers ist abgelaufen.',
      next: 'Erneuern Sie es auf dem Server, und zeigen Sie den Code noch einmal.',
    },
    'server-unreachable': {
      why: 'Der Server ist nicht zu erreichen.',
      next: 'Prüfen Sie Netzwerkkabel oder WLAN dieses Kiosks, und ob eine Firewall ihn zum Server durchlässt.',
    },
    'server-silent': {
      why: 'Der Server antwortet nicht rechtzeitig.',
      next: 'Prüfen Sie das Netz, und ob der Server läuft.',
    },
    'proxy-unreachable': {
      why: 'Der Proxy ist nicht zu erreichen.',
      next: 'Prüfen Sie seine Adresse: `smartpresence device proxy` auf der Befehlszeile dieses Kiosks.',
    },
    'too-many-requests': { why: 'Es waren zu viele Versuche.', next: 'Warten Sie eine Minute.' },
    'fingerprint-differs': {
      why: 'Kiosk und Server berechnen nicht denselben Fingerabdruck.',
      next: 'Geben Sie diesen Kiosk nicht frei. Bringen Sie Server und Kiosk auf dieselbe Version.',
    },
    'grant-of-another-server': {
      why: 'Was der Server schickt, stammt nicht von dem Server, der den Code gemacht hat.',
      next: 'Machen Sie einen neuen Code, und sagen Sie es der Verwaltung.',
    },
  },
};

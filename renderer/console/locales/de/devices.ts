import type { Sentences } from '../../../shared/i18n.ts';

export const devices = {
  nav: 'Kioske',
  lead: 'Vom Code bis zur Sperrung.',
  none: 'Noch kein Kiosk angemeldet',
  noneText: 'Erstellen Sie einen Code und geben Sie ihn am Kiosk ein.',
  name: 'Name',
  nameHint: 'Wo er steht, z. B. Haupteingang',
  statusLabel: 'Stand',
  status: {
    pending: 'Wartet auf Freigabe',
    approved: 'Freigegeben',
    revoked: 'Gesperrt',
  },
  heard: 'Zuletzt gehört',
  certificate: 'Zertifikat endet',
  add: 'Kiosk hinzufügen',
  addText: 'Ein Einmalcode lässt einen neuen Kiosk herein. Danach vergleichen Sie Fingerabdrücke.',
  makeCode: 'Code erstellen',
  codeText: 'Am Kiosk eingeben oder das Bild zeigen.',
  codeQr: 'QR-Code des Codes',
  codeOnce: 'Er wird einmal gezeigt. Danach wartet der Kiosk hier auf Ihre Freigabe.',
  approve: 'Freigeben',
  approveText:
    'Lesen Sie den Fingerabdruck vom Bildschirm von {{name}} ab und tippen Sie ihn hier. Nur dann ist es der gemeinte Kiosk.',
  fingerprint: 'Fingerabdruck auf dem Kioskbildschirm',
  approved: 'Freigegeben. Er darf ab jetzt senden.',
  revoke: 'Sperren',
  revokeText:
    '{{name}} darf ab der nächsten Nachricht nicht mehr senden. Einträge bleiben. Das lässt sich nicht zurücknehmen: er muss neu eingerichtet werden.',
  revoked: 'Gesperrt.',
  siteHint: 'Er erhält dann nur die Personen dieses Standorts.',
} satisfies Sentences;

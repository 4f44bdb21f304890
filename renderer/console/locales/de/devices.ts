import type { Sentences } from '../../../shared/i18n.ts';

export const devices = {
  nav: 'Kioske',
  lead: 'Welche Kioske dazugehören, und wann von jedem zuletzt gehört wurde.',
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
  codeText:
    'Ein neuer Kiosk fragt auf seinem ersten Bildschirm danach: dort eingeben oder das Bild in seine Kamera halten. In einer Befehlszeile: smartpresence device join.',
  codeQr: 'QR-Code des Codes',
  codeOnce:
    'Er wird einmal gezeigt und gilt einmal. Hat der Kiosk ihn benutzt, steht er in dieser Liste und wartet auf Ihre Freigabe.',
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

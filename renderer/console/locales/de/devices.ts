import type { Sentences } from '../../../shared/i18n.ts';

export const devices = {
  nav: 'Kioske',
  lead: 'Kioske, die mit diesem Server verbunden sind, und wann sie sich zuletzt gemeldet haben.',
  none: 'Noch kein Kiosk registriert',
  noneText: 'Fügen Sie einen Kiosk hinzu, um einen Einrichtungscode zu erhalten.',
  name: 'Name',
  nameHint: 'Wo er steht, z. B. Haupteingang',
  statusLabel: 'Status',
  status: {
    pending: 'Wartet auf Freigabe',
    approved: 'Freigegeben',
    revoked: 'Gesperrt',
  },
  heard: 'Zuletzt verbunden',
  certificate: 'Zertifikat läuft ab',
  add: 'Kiosk hinzufügen',
  addText:
    'Mit einem einmaligen Einrichtungscode kann sich ein neuer Kiosk registrieren. Danach geben Sie ihn frei, indem Sie seinen Fingerabdruck vergleichen.',
  makeCode: 'Einrichtungscode erstellen',
  codeText:
    'Der neue Kiosk fragt auf dem ersten Bildschirm nach diesem Code: Geben Sie ihn ein oder halten Sie den QR-Code vor die Kamera. In der Befehlszeile: smartpresence device join.',
  codeQr: 'QR-Code zur Einrichtung',
  codeOnce:
    'Der Code wird einmal angezeigt und gilt einmal. Danach erscheint der Kiosk in dieser Liste und wartet auf Ihre Freigabe.',
  approve: 'Freigeben',
  approveText:
    'Geben Sie den Fingerabdruck ein, der auf dem Bildschirm von {{name}} steht. Nur so ist sicher, dass es der Kiosk vor Ihnen ist.',
  fingerprint: 'Fingerabdruck auf dem Bildschirm des Kiosks',
  approved: 'Freigegeben. Der Kiosk kann jetzt senden.',
  revoke: 'Sperren',
  revokeText:
    '{{name}} kann sich nicht mehr verbinden. Buchungen bleiben erhalten. Das lässt sich nicht rückgängig machen: Der Kiosk muss neu eingerichtet werden.',
  revoked: 'Gesperrt.',
  siteHint: 'Der Kiosk erhält nur die Personen dieses Standorts.',
} satisfies Sentences;

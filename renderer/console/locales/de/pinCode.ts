import type { Sentences } from '../../../shared/i18n.ts';

export const pinCode = {
  title: 'PIN',
  text: 'Die Person wählt ihre PIN selbst an einem Kiosk; niemand sonst erfährt sie. Erstellen Sie dafür einen Einmalcode, der am Kiosk anstelle der PIN eingegeben wird. Der Code gilt eine Woche; die PIN gilt an jedem Kiosk der Standorte dieser Person.',
  needsNumber: 'Eine PIN wird zusammen mit einer Nummer verwendet. Tragen Sie zuerst eine Nummer ein.',
  chosen: 'PIN gewählt am',
  takeBack: 'PIN entfernen',
  takeBackText:
    'Kioske akzeptieren sie ab der nächsten Verbindung nicht mehr. Die Person kann mit einem Code eine neue wählen, oder das Personal setzt am Kiosk eine.',
  open: 'Code gültig bis',
  issue: 'PIN-Code erstellen',
  another: 'Neuen Code erstellen',
  withdraw: 'Code zurückziehen',
  withdrawText:
    'Kioske akzeptieren diesen Code ab der nächsten Verbindung nicht mehr. Eine bereits gewählte PIN bleibt gültig.',
  withdrawn: 'Entfernt.',
  issued: 'Code zum Wählen einer PIN',
  handed: 'Fertig',
  handOver:
    'Geben Sie dies nur {{name}}: Wer Nummer und Code hat, kann die PIN wählen. Der Code wird nur einmal angezeigt.',
  code: 'Code',
} satisfies Sentences;

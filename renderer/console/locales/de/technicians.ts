import type { Sentences } from '../../../shared/i18n.ts';

export const technicians = {
  nav: 'Techniker',
  lead: 'Wer an den Kiosken ins Menü für Techniker darf, mit App oder Papiercode, auch ohne Netz. Was sie taten, steht auf der Seite jedes Kiosks.',
  add: 'Techniker hinzufügen',
  name: 'Name',
  nameHint: 'Er steht in den Aufzeichnungen dessen, was sie tun.',
  site: 'Standort',
  everySite: 'Alle Standorte',
  none: 'Kein Techniker',
  noneText:
    'Fügen Sie einen hinzu: mit einer App kommt er an allen Kiosken eines Standorts hinein. Für einen Kiosk allein: technician add, an dessen Maschine.',
  kiosks: 'Kioske',
  has: '{{confirmed}} von {{count}} kennen ihn',
  gone: '{{confirmed}} von {{count}} haben ihn vergessen',
  waiting: 'Noch nicht: {{names}}',
  revokedKiosk: '{{name}} (gesperrt: er erfährt nichts mehr und behält, was er hat)',
  more: 'und {{count}} weitere',
  paper: 'Papiercodes',
  added: 'Hinzugefügt',
  active: 'Darf hinein',
  removedState: 'Entfernt',
  remove: 'Entfernen',
  removeText:
    '{{name}} wird an jedem Kiosk ab dessen nächstem Kontakt abgewiesen. Einer ohne Netz lässt bis dahin weiter ein.',
  removed: 'Entfernt. Die Kioske erfahren es.',
  done: 'Hinzugefügt. Die Kioske erfahren es.',
  sheet: 'Womit {{name}} hineinkommt',
  sheetText:
    'Wird nur jetzt gezeigt. Lesen Sie das Bild mit einer Authenticator-App, und drucken Sie die Codes. Geht etwas davon verloren, entfernen Sie den Techniker und fügen ihn neu hinzu.',
  qr: 'Bild für die Authenticator-App',
  secret: 'Oder tippen Sie dies in die App:',
  paperTitle: 'Papiercodes',
  paperText:
    'Jeder gilt einmal, was immer die Uhren sagen. An einem Kiosk ohne Netz kann einer, der anderswo benutzt wurde, noch einmal gelten. Bewahren Sie sie nicht beim Telefon auf.',
  kept: 'Ich habe es verwahrt',
  print: 'Codes drucken',
  read: 'Neu lesen',
} satisfies Sentences;

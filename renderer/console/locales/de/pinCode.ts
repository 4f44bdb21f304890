import type { Sentences } from '../../../shared/i18n.ts';

export const pinCode = {
  title: 'PIN',
  text: 'Die PIN wählt die Person selbst, an einem Kiosk, und niemand sonst kennt sie. Geben Sie ihr dafür einen Code: Sie tippt ihn dort statt der PIN und wählt. Er gilt einmal, eine Woche lang; die PIN gilt an jedem Kiosk der Standorte der Person.',
  needsNumber: 'Eine PIN braucht eine Nummer. Geben Sie der Person zuerst eine.',
  chosen: 'Eine PIN gilt, gewählt',
  takeBack: 'PIN zurücknehmen',
  takeBackText:
    'Sie gilt an keinem Kiosk mehr, der davon erfährt. Die Person wählt mit einem Code eine andere, oder das Personal setzt sie an einem Kiosk.',
  open: 'Ein Code ist offen bis',
  issue: 'Code für eine PIN geben',
  another: 'Anderer Code',
  withdraw: 'Code zurücknehmen',
  withdrawText: 'Mit ihm wählt niemand mehr eine PIN, sobald die Kioske es erfahren. Eine gewählte PIN bleibt.',
  withdrawn: 'Zurückgenommen.',
  issued: 'Code für eine PIN',
  handed: 'Übergeben',
  handOver: 'Geben Sie das nur {{name}}: Wer Nummer und Code hat, wählt die PIN. Es wird nur dieses eine Mal gezeigt.',
  code: 'Code',
} satisfies Sentences;

import type { Sentences } from '../../../shared/i18n.ts';

export const devices = {
  nav: 'Kiosks',
  lead: 'From their code to their revocation.',
  none: 'No kiosk is registered yet',
  noneText: 'Make a code, and type or scan it at the kiosk.',
  name: 'Name',
  nameHint: 'Where it stands, e.g. front door',
  statusLabel: 'State',
  status: {
    pending: 'Waits for approval',
    approved: 'Approved',
    revoked: 'Revoked',
  },
  heard: 'Last heard',
  certificate: 'Certificate ends',
  add: 'Add a kiosk',
  addText: 'A one-time code lets one new kiosk in. Then you compare fingerprints.',
  makeCode: 'Make the code',
  codeText: 'Type this at the kiosk, or show it the picture.',
  codeQr: 'QR code of the code',
  codeOnce: 'It is shown once. Afterwards the kiosk waits here for your approval.',
  approve: 'Approve',
  approveText:
    'Read the fingerprint from the screen of {{name}} and type it here. Only then is it the kiosk that you mean.',
  fingerprint: 'Fingerprint on the kiosk’s screen',
  approved: 'Approved. It may send from now on.',
  revoke: 'Revoke',
  revokeText:
    '{{name}} may not speak any more from its next message on. Its records stay. This can not be taken back: it has to be set up anew.',
  revoked: 'Revoked.',
  siteHint: 'It then gets that site’s people alone.',
} satisfies Sentences;

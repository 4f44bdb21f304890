import type { Sentences } from '../../../shared/i18n.ts';

export const devices = {
  nav: 'Kiosks',
  lead: 'Which kiosks belong here, and when each was last in contact.',
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
  codeText:
    'A new kiosk asks for it on its first screen: type it there, or show the picture to its camera. At a command line: smartpresence device join.',
  codeQr: 'QR code of the code',
  codeOnce:
    'It is shown once, and works once. When the kiosk has used it, it stands in this list and waits for your approval.',
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

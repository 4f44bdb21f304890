import type { Sentences } from '../../../shared/i18n.ts';

export const devices = {
  nav: 'Kiosks',
  lead: 'Kiosks registered with this server, and when each last connected.',
  none: 'No kiosks registered yet',
  noneText: 'Add a kiosk to get a setup code for it.',
  name: 'Name',
  nameHint: 'Where it is, e.g. front door',
  statusLabel: 'Status',
  status: {
    pending: 'Awaiting approval',
    approved: 'Approved',
    revoked: 'Revoked',
  },
  heard: 'Last seen',
  certificate: 'Certificate expires',
  add: 'Add kiosk',
  addText: 'A one-time setup code lets one new kiosk register. You then approve it by comparing its fingerprint.',
  makeCode: 'Create setup code',
  codeText:
    'The new kiosk asks for this code on its first screen: type it in, or hold the QR code up to its camera. On a command line: smartpresence device join.',
  codeQr: 'Setup QR code',
  codeOnce:
    'The code is shown once and works once. After using it, the kiosk appears in this list, awaiting your approval.',
  approve: 'Approve',
  approveText:
    'Enter the fingerprint shown on the screen of {{name}}. This proves that it’s the kiosk in front of you.',
  fingerprint: 'Fingerprint on the kiosk’s screen',
  approved: 'Approved. The kiosk can now send data.',
  revoke: 'Revoke',
  revokeText: '{{name}} can no longer connect. Its records stay. This can’t be undone: the kiosk must be set up again.',
  revoked: 'Revoked.',
  siteHint: 'The kiosk receives only this site’s people.',
} satisfies Sentences;

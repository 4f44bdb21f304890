import type { Sentences } from '../../../shared/i18n.ts';

export const technicians = {
  nav: 'Technicians',
  lead: 'Who may enter the technician’s menu at the kiosks, with an app or a code on paper, also without a network. What they did is on each kiosk’s page.',
  add: 'Add a technician',
  name: 'Name',
  nameHint: 'Records of what they do bear it.',
  site: 'Site',
  everySite: 'Every site',
  none: 'No technician',
  noneText:
    'Add one: they enter at every kiosk of a site with one app. For one kiosk alone: technician add, on its machine.',
  kiosks: 'Kiosks',
  has: '{{confirmed}} of {{count}} have them',
  gone: '{{confirmed}} of {{count}} have forgotten them',
  waiting: 'Not yet: {{names}}',
  revokedKiosk: '{{name}} (revoked: it is told nothing any more and keeps what it has)',
  more: 'and {{count}} more',
  paper: 'Paper codes',
  added: 'Added',
  active: 'May enter',
  removedState: 'Removed',
  remove: 'Remove',
  removeText:
    '{{name}} is refused at each kiosk from its next contact on. One without a network keeps letting them in until then.',
  removed: 'Removed. The kiosks are told.',
  done: 'Added. The kiosks are told.',
  sheet: 'What {{name}} enters with',
  sheetText:
    'Shown only now. Read the picture with an authenticator app, and print the codes. If something of it is lost, remove the technician and add them again.',
  qr: 'Picture for the authenticator app',
  secret: 'Or type this in the app:',
  paperTitle: 'Codes on paper',
  paperText:
    'Each counts once, whatever the clocks say. At a kiosk without a network one that was used elsewhere may count once more. Keep them where the telephone is not.',
  kept: 'I have kept it',
  print: 'Print the codes',
  read: 'Read anew',
} satisfies Sentences;

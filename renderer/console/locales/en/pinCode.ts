import type { Sentences } from '../../../shared/i18n.ts';

export const pinCode = {
  title: 'PIN',
  text: 'The person chooses their PIN at a kiosk, and no one else ever knows it. Create a one-time code for them: they enter it at the kiosk instead of a PIN. The code is valid for one week; the PIN works at every kiosk of their sites.',
  needsNumber: 'A PIN is used together with a number. Add a number for this person first.',
  chosen: 'PIN set on',
  takeBack: 'Remove PIN',
  takeBackText:
    'Kiosks stop accepting it the next time they connect. The person can choose a new one with a code, or staff can set one at a kiosk.',
  open: 'Code valid until',
  issue: 'Create PIN code',
  another: 'Create another code',
  withdraw: 'Cancel code',
  withdrawText: 'Kiosks stop accepting this code the next time they connect. A PIN already chosen stays valid.',
  withdrawn: 'Removed.',
  issued: 'Code to choose a PIN',
  handed: 'Done',
  handOver:
    'Give this only to {{name}}: anyone with the number and this code can choose the PIN. It is shown only once.',
  code: 'Code',
} satisfies Sentences;

import type { Sentences } from '../../../shared/i18n.ts';

export const pinCode = {
  title: 'PIN',
  text: 'A PIN is chosen by the person, at a kiosk, and known to nobody else. Give them a code for that: they type it there in place of the PIN, and choose. It counts once, for a week; the PIN counts at every kiosk of their sites.',
  needsNumber: 'A PIN goes with a number. Give this person a number first.',
  chosen: 'A PIN counts, chosen',
  takeBack: 'Take the PIN back',
  takeBackText:
    'It counts at no kiosk any more that hears of it. The person chooses another by a code, or staff sets one at a kiosk.',
  open: 'A code is open until',
  issue: 'Give a code for a PIN',
  another: 'Another code',
  withdraw: 'Take the code back',
  withdrawText: 'Nobody chooses a PIN by it any more at kiosks that hear of it. A PIN that was chosen stays.',
  withdrawn: 'Taken back.',
  issued: 'Code for a PIN',
  handed: 'Handed over',
  handOver: 'Hand this to {{name}} alone: whoever has number and code chooses the PIN. It is shown this once.',
  code: 'Code',
} satisfies Sentences;

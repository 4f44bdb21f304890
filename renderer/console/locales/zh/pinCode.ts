import type { Sentences } from '../../../shared/i18n.ts';

export const pinCode = {
  title: 'PIN 码',
  text: 'PIN 码由本人在终端上自行设定，他人不会知道。请给其一个代码：在终端上代替 PIN 码输入，即可设定。只能用一次，有效期一周；设定的 PIN 码在其所属场所的每台终端上均有效。',
  needsNumber: 'PIN 码须配合编号使用，请先为此人设置编号。',
  chosen: '现有 PIN 码，设定于',
  takeBack: '收回 PIN 码',
  takeBackText: '得知此事的终端都不再接受它。本人可用代码另行设定，或由工作人员在终端上设置。',
  open: '现有代码有效至',
  issue: '发放 PIN 设定代码',
  another: '换一个代码',
  withdraw: '收回代码',
  withdrawText: '终端收到通知后，任何人都不能再用它设定 PIN 码。已设定的 PIN 码不受影响。',
  withdrawn: '已收回。',
  issued: 'PIN 设定代码',
  handed: '已交给本人',
  handOver: '请仅交给 {{name}}：持有编号和代码者即可设定 PIN 码。仅显示这一次。',
  code: '代码',
} satisfies Sentences;

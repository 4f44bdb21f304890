import type { Sentences } from '../../../shared/i18n.ts';

export const pinCode = {
  title: 'PIN 码',
  text: 'PIN 码由本人在终端上自行设定，他人不会知道。请为其生成一次性代码，在终端上代替 PIN 码输入。代码有效期一周；PIN 码在其所属站点的每台终端上均有效。',
  needsNumber: 'PIN 码须配合编号使用，请先为此人添加编号。',
  chosen: 'PIN 码设定于',
  takeBack: '移除 PIN 码',
  takeBackText: '终端下次连接后不再接受该 PIN 码。本人可用代码重新设定，或由工作人员在终端上设置。',
  open: '代码有效至',
  issue: '生成 PIN 设定代码',
  another: '重新生成代码',
  withdraw: '作废代码',
  withdrawText: '终端下次连接后不再接受此代码。已设定的 PIN 码不受影响。',
  withdrawn: '已移除。',
  issued: 'PIN 设定代码',
  handed: '完成',
  handOver: '请仅交给 {{name}}：持有编号和代码者即可设定 PIN 码。仅显示一次。',
  code: '代码',
} satisfies Sentences;

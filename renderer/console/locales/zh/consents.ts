import type { Sentences } from '../../../shared/i18n.ts';

export const consents = {
  nav: '同意记录',
  lead: '所有已给出和已撤回的同意，最新的在前。',
  none: '暂无同意记录',
  noneText: '人员可在终端、向工作人员或在个人页面上给出同意。',
  word: '决定',
  who: '人员',
  text: '文本',
  via: '来源',
  at: '时间',
} satisfies Sentences;

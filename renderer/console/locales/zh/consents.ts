import type { Sentences } from '../../../shared/i18n.ts';

export const consents = {
  nav: '同意记录',
  lead: '每次同意和撤回，最新在前。',
  none: '尚无同意',
  noneText: '来自终端、工作人员和本人页面。',
  word: '内容',
  who: '人员',
  text: '文本',
  via: '途径',
  at: '时间',
} satisfies Sentences;

import type { Sentences } from '../../../shared/i18n.ts';

export const presence = {
  nav: '当前在场',
  lead: '按最新记录判断谁在场。超过 18 小时的进入记录视为忘记签退。',
  person: '人员',
  since: '自',
  kiosk: '最近的终端',
  method: '方式',
  byHand: '手工录入',
  empty: '无人在场',
  emptyText: '签到的人会显示在这里。',
  kiosks: '数据截至',
  kiosksText: '终端在此之后的记录尚未列入。',
  never: '从未联系',
  silent: '未连接',
  refresh: '重新读取',
  count_other: '{{count}} 人在场',
} satisfies Sentences;

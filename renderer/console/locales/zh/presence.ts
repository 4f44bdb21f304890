import type { Sentences } from '../../../shared/i18n.ts';

export const presence = {
  nav: '当前在场',
  lead: '根据最新记录显示在场人员。超过 18 小时未签退视为忘记签退。',
  person: '人员',
  since: '自',
  kiosk: '最近的终端',
  method: '方式',
  byHand: '手工录入',
  empty: '无人在场',
  emptyText: '签到后的人员会显示在这里。',
  kiosks: '数据截至',
  kiosksText: '终端在此之后的记录尚未包含。',
  never: '从未连接',
  silent: '未连接',
  refresh: '刷新',
  count_other: '{{count}} 人在场',
} satisfies Sentences;

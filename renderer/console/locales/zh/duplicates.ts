import type { Sentences } from '../../../shared/i18n.ts';

export const duplicates = {
  nav: '可能的重复人员',
  lead: '可能被登记两次的人员。仅工作人员可见。',
  none: '没有可能的重复人员',
  noneText: '编号相同或人脸相似的两人会在一分钟内出现在这里。',
  pair: '两人',
  and: '与',
  why: '原因',
  found: '发现时间',
  face: '人脸相似（{{score}}）',
  number: '编号相同',
  compare: '比较',
  apart: '是两个人',
  apartText: '不再提示这两人。',
  apartDone: '已标记为两个人。',
  merge: '合并',
  mergeText: '保留 {{name}}，另一人的记录、同意和模板将转移给其。此操作无法撤销。',
  mergeDone_other: '已合并；{{count}} 条记录已转移。',
  keep: '保留此人',
} satisfies Sentences;

import type { Sentences } from '../../../shared/i18n.ts';

export const day = {
  nav: '日报',
  lead: '按站点日历显示最早到达、最晚离开和在场时间。缺少的签退绝不会自动补上。',
  person: '人员',
  day: '日期',
  before: '前一天',
  after: '后一天',
  firstIn: '最早进入',
  lastOut: '最晚离开',
  stays: '停留次数',
  time: '在场时间',
  open: '缺少签退',
  hours: '{{hours}} 小时 {{minutes}} 分',
  empty: '这一天没有考勤',
  export: '导出',
  exportText: '每人每天一行，最多 92 天。此次导出会记入审计日志。',
  layout: '格式',
  layouts: { days: '日报', timesheet: '工时表（每次停留一行）', 'frappe-hr': 'Frappe HR（Employee Checkin）' },
} satisfies Sentences;

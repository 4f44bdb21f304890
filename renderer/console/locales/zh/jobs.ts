import type { Sentences } from '../../../shared/i18n.ts';

export const jobs = {
  nav: '任务',
  lead: '服务器自动执行的任务及结果。',
  job: '任务',
  every: '频率',
  last: '上次运行',
  lastOk: '上次成功',
  never: '尚未',
  runs: '运行记录',
  started: '开始',
  report: '报告',
  outcome: {
    running: '运行中',
    ok: '成功',
    failed: '失败',
    lost: '服务器中断',
    stopped: '已暂停，将继续',
  },
  days_other: '每 {{count}} 天',
  hours_other: '每 {{count}} 小时',
  minutes_other: '每 {{count}} 分钟',
  seconds_other: '每 {{count}} 秒',
  name: {
    retention: '保留期限',
    erasure: '删除',
    backup: '备份',
    rollouts: '分步发布',
    'photo-imports': '导入的照片',
    minors: '成年检查',
    'score-drift': '匹配分数趋势',
  },
} satisfies Sentences;

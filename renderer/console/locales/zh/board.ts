import type { Sentences } from '../../../shared/i18n.ts';

export const board = {
  nav: '实时看板',
  title: '实时考勤',
  line: { live: '实时', connecting: '正在连接…', lost: '无连接' },
  lost: {
    title: '与服务器的连接已断开。',
    text: '您看到的是 {{time}} 的状态。签到终端继续工作；此页面会自动重试。',
  },
  stats: {
    inside: '当前在场',
    insideHint: '按今天最后一条记录',
    came: '今天到达',
    cameHint_other: '人',
    latest: '最近签到',
    none: '暂无',
  },
  list: {
    title: '签到记录',
    count_other: '今天 {{count}} 条记录',
    today: '今天',
    yesterday: '昨天',
    unknown: '此处不知道姓名',
    emptyTitle: '还没有人签到',
    emptyText: '终端上的第一条签到会自动显示在这里。',
    late: '{{time}} 到达',
  },
  kiosks: {
    title: '签到终端',
    online: '连接正常',
    silent: '最后联系：{{ago}}',
    never: '尚未联系',
    none: '还没有登记任何终端。',
  },
} satisfies Sentences;

import type { Sentences } from '../../../shared/i18n.ts';

export const board = {
  nav: '实时看板',
  title: '实时考勤',
  line: { live: '实时', connecting: '正在连接…', lost: '已断开' },
  lost: {
    title: '与服务器的连接已断开。',
    text: '您看到的是 {{time}} 的数据。终端继续签到；此页面会自动重新连接。',
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
    unknown: '姓名未知',
    emptyTitle: '尚无签到',
    emptyText: '终端上的第一条签到会自动显示在这里。',
    late: '{{time}} 收到',
  },
  kiosks: {
    title: '签到终端',
    online: '已连接',
    silent: '最后联系：{{ago}}',
    never: '从未连接',
    none: '尚未注册终端。',
  },
} satisfies Sentences;

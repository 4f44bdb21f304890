import type { Sentences } from '../../../shared/i18n.ts';

export const cards = {
  title: '卡片和工牌',
  none: '暂无。',
  card: '卡片',
  badge: '工牌',
  issued: '签发于',
  revokedAt: '吊销于',
  issue: '打印卡片',
  issueText: '将生成一张新卡。任何持卡人都可用它签到，卡码仅显示一次。',
  print: '卡片',
  printText: '请立即打印。关闭窗口后无法再次显示卡码，须重新制卡。',
  qr: '卡片二维码',
  revoke: '吊销',
  revokeText: '终端下次连接后将不再接受。',
  revoked: '已吊销。',
  addBadge: '添加工牌',
  badgeText: '用于此人已有的工牌。请按读卡器显示的号码填写。',
  number: '工牌号',
} satisfies Sentences;

import type { Sentences } from '../../../shared/i18n.ts';

export const cards = {
  title: '卡片和工牌',
  none: '尚无。',
  card: '卡片',
  badge: '工牌',
  issued: '签发于',
  revokedAt: '吊销于',
  issue: '打印卡片',
  issueText: '将生成新卡。持卡者即可签到；其代码仅显示这一次。',
  print: '卡片',
  printText: '请立即打印：关闭窗口后代码即消失，须重新制卡。',
  qr: '卡片二维码',
  revoke: '吊销',
  revokeText: '终端收到通知后，该卡将失效。',
  revoked: '已吊销。',
  addBadge: '添加工牌',
  badgeText: '此人已有的工牌，填写读卡器读出的号码。',
  number: '工牌号',
} satisfies Sentences;

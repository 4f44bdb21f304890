import type { Sentences } from '../../../shared/i18n.ts';

export const texts = {
  nav: '同意文本',
  lead: '贵方自己的文本。只能同意经数据保护负责人审核的文本；文本不可更改，修改即为新版本。',
  none: '尚无：终端显示随附文本。',
  add: '添加文本',
  added: '已添加，等待审核。',
  addText: '一种语言。以最新审核版本的已审核语言为准。',
  version: '版本',
  versionHint: '字母、数字和连字符，如 2026-11',
  title: '标题',
  body: '正文',
  bodyHint: '空行另起一段。在终端填入：{{fields}}',
  inForce: '生效',
  older: '已审核（旧版本）',
  waits: '等待审核',
  made: '添加于',
  reviewedAt: '审核于',
  review: '我已审核',
  reviewText: '您了解法律和{{language}}，并已阅读文本。自此可供同意。',
  reviewed: '已审核，终端将收到。',
  dpoOnly: '仅数据保护负责人可审核。',
} satisfies Sentences;

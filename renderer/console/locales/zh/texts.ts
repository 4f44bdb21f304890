import type { Sentences } from '../../../shared/i18n.ts';

export const texts = {
  nav: '同意文本',
  lead: '贵组织自己的同意文本。只能同意经数据保护负责人审核的文本。文本不可更改，编辑会生成新版本。',
  none: '尚无文本：终端显示内置文本。',
  add: '添加文本',
  added: '已添加，等待审核。',
  addText: '每份文本对应一种语言。每种语言以最新的已审核版本为准。',
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
  review: '标记为已审核',
  reviewText: '您了解相关法律和{{language}}，并已阅读此文本。自此可供同意。',
  reviewed: '已审核，终端现在会收到。',
  dpoOnly: '仅数据保护负责人可审核文本。',
} satisfies Sentences;

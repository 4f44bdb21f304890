import type { Sentences } from '../../../shared/i18n.ts';

export const accounts = {
  nav: '账户',
  lead: '可使用此控制台的所有人及其角色。',
  add: '添加账户',
  addText: '对方会收到一次性链接，并自行设置密码和身份验证器应用。',
  role: '角色',
  may: {
    staff: '人员、登记、考勤、待处理事项',
    admin: '工作人员的全部权限，以及终端、设置和账户',
    dpo: '同意、删除请求、保留期限、审计日志、安全事件',
    auditor: '只读：审计日志和系统报告，不含姓名',
  },
  ready: '正常',
  pending: '尚未设置',
  disabled: '已停用',
  signedIn: '最近登录',
  link: '生成新链接',
  linkText: '请仅将此链接交给本人。只能使用一次。',
  disable: '停用',
  enable: '启用',
  isDisabled: '已停用，其所有会话已退出。',
  enabled: '已启用。',
  remove: '移除',
  removeText: '账户将被删除，其操作仍保留在审计日志中。',
  removed: '已移除。',
} satisfies Sentences;

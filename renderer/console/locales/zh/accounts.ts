import type { Sentences } from '../../../shared/i18n.ts';

export const accounts = {
  nav: '账户',
  lead: '谁使用此控制台及其角色。',
  add: '添加账户',
  addText: '对方会收到一次性链接，并自行设置密码和验证器。',
  role: '角色',
  may: {
    staff: '人员、登记、考勤、待处理',
    admin: '工作人员的全部权限及终端、设置、账户',
    dpo: '同意、删除、保留、审计、事件',
    auditor: '查看审计日志和系统记录，不含姓名',
  },
  ready: '就绪',
  pending: '尚未设密码',
  disabled: '已停用',
  signedIn: '最近登录',
  link: '新链接',
  linkText: '仅交给本人，仅可使用一次。',
  disable: '停用',
  enable: '启用',
  isDisabled: '已停用，其会话已结束。',
  enabled: '已启用。',
  remove: '移除',
  removeText: '账户将被移除，其操作仍保留在审计日志中。',
  removed: '已移除。',
} satisfies Sentences;

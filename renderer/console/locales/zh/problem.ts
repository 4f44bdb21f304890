import type { Sentences } from '../../../shared/i18n.ts';

/** By the code of the refusal; one without a sentence here is shown in the server's English. Sorted. */
export const problem = {
  'account-disabled': { title: '此账户已停用。', next: '请联系管理员。' },
  'answer-unreadable': { title: '此页面比服务器旧。', next: '请重新加载页面。' },
  'attempts-paused': { title: '尝试次数过多。', next: '请等待 {{seconds}} 秒后重试。' },
  'bad-request': { title: '内容不符合要求。', next: '请检查您输入的内容。' },
  'email-missing': { title: '缺少邮箱。', next: '请填写：您用它登录。' },
  'email-taken': { title: '该邮箱已被另一账户使用。', next: '请使用其他邮箱。' },
  'internal-error': { title: '服务器出错。', next: '请重试。如果仍然如此，服务器日志会说明原因。' },
  'link-already-used': { title: '此链接已被使用。', next: '它只能使用一次。请索取新链接。' },
  'link-expired': { title: '此链接已过期。', next: '请索取新链接。' },
  'link-unknown': { title: '此链接不属于本服务器，或已被撤回。', next: '请索取新链接。' },
  'no-session': { title: '您未登录，或登录已失效。', next: '请重新登录。' },
  'not-allowed': { title: '您的角色不包含此操作。', next: '请联系拥有相应角色的人。' },
  'not-for-people': {
    title: '此链接打开的是您自己的数据，而不是控制台。',
    next: '请索取控制台链接，或打开您自己的页面。',
  },
  'password-weak': { title: '此密码太容易猜到。', next: '请另选一个：至少 12 个字符，不是常用词，也不是您的邮箱。' },
  'proof-wrong': { title: '当前密码或验证码有误。', next: '请输入当前密码和应用的新验证码。' },
  'second-factor-wrong': { title: '验证码不正确。', next: '请输入应用当前显示的验证码；每个只能使用一次。' },
  'sign-in-refused': {
    title: '邮箱、密码或验证码有误。',
    next: '请用新的验证码重试：每个只能使用一次。管理员可以生成新链接。',
  },
  'too-many-requests': { title: '尝试次数过多。', next: '请等待一分钟。' },
  unreachable: { title: '无法连接到服务器。', next: '请稍后重试；没有丢失任何内容。' },
} satisfies Sentences;

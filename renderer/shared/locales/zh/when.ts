import type { Sentences } from '../../i18n.ts';

/** Fields of a day or a time. */
export const when = {
  day: '日',
  month: '月',
  year: '年',
  time: '时:分',
  calendar: '打开日历',
  dateWrong: '日期无效。请按“年/月/日”填写。',
  timeWrong: '时间无效。请填写时和分，最晚 23:59。',
} satisfies Sentences;

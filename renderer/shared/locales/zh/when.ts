import type { Sentences } from '../../i18n.ts';

/** Fields of a day or a time. */
export const when = {
  day: '日',
  month: '月',
  year: '年',
  time: '时:分',
  calendar: '打开日历',
  dateWrong: '没有这一天。请按“年/月/日”填写。',
  timeWrong: '没有这个时间。请填写时和分，最晚 23:59。',
} satisfies Sentences;

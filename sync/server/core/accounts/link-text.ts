import QRCode from 'qrcode';
import type { Config } from '../../app/config.ts';
import { LINK_LIFE_MS } from './links.ts';

/** Where a link leads: accounts to the console, people to their own page. */
export type Page = 'console' | 'portal';

/** The token is in the fragment, which browsers never send: no log, proxy or mail scanner's server gets it. */
export const linkUrl = (config: Pick<Config, 'peopleUrl'>, page: Page, token: string): string =>
  `${config.peopleUrl}/${page}/#enter=${token}`;

/** Without scripts, styles or anything from elsewhere. */
export const qrSvg = (text: string): Promise<string> =>
  QRCode.toString(text, { type: 'svg', errorCorrectionLevel: 'M', margin: 2 });

const MINUTES = LINK_LIFE_MS.person / 60_000;
const HOURS = LINK_LIFE_MS.account / 3_600_000;

/**
 * Mail texts by language; English where there is none. They hold no name: a reader of the mailbox learns nothing new.
 */
const TEXTS = {
  en: {
    person: (url: string) => ({
      subject: 'Your SmartPresence link',
      text: `Someone asked for a link to the data that SmartPresence stores for this e-mail address.

Open it and press the button to sign in. It works once, within ${MINUTES} minutes:

${url}

If this wasn’t you, you don’t need to do anything: no one can sign in without this link.
`,
    }),
    account: (url: string) => ({
      subject: 'Your SmartPresence account',
      text: `An administrator created this link for you. Open it to set up your password and authenticator app.
It works once, within ${HOURS} hours:

${url}
`,
    }),
  },
  de: {
    person: (url: string) => ({
      subject: 'Ihr SmartPresence-Link',
      text: `Jemand hat einen Link zu den Daten angefordert, die SmartPresence zu dieser E-Mail-Adresse speichert.

Öffnen Sie ihn und melden Sie sich über die Schaltfläche an. Er funktioniert einmal, innerhalb von ${MINUTES} Minuten:

${url}

Wenn Sie das nicht waren, müssen Sie nichts tun: Ohne diesen Link kann sich niemand anmelden.
`,
    }),
    account: (url: string) => ({
      subject: 'Ihr SmartPresence-Konto',
      text: `Dieser Link wurde von der Administration für Sie erstellt. Öffnen Sie ihn, um Passwort und Authenticator-App einzurichten.
Er funktioniert einmal, innerhalb von ${HOURS} Stunden:

${url}
`,
    }),
  },
  ar: {
    person: (url: string) => ({
      subject: 'رابطك إلى SmartPresence',
      text: `طلب أحدهم رابطًا إلى البيانات التي يحفظها SmartPresence لهذا البريد الإلكتروني.

افتحه واضغط الزر لتسجيل الدخول. يعمل مرة واحدة خلال ${MINUTES} دقيقة:

${url}

إن لم تكن أنت من طلبه فلا داعي لفعل شيء: لا يمكن لأحد الدخول من دون هذا الرابط.
`,
    }),
    account: (url: string) => ({
      subject: 'حسابك في SmartPresence',
      text: `أنشأ لك مدير النظام هذا الرابط. افتحه لإعداد كلمة المرور وتطبيق المصادقة.
يعمل مرة واحدة خلال ${HOURS} ساعة:

${url}
`,
    }),
  },
  zh: {
    person: (url: string) => ({
      subject: '您的 SmartPresence 链接',
      text: `有人申请了一个链接，用于查看 SmartPresence 为此邮箱保存的数据。

打开链接并点击按钮即可登录。链接只能使用一次，${MINUTES} 分钟内有效：

${url}

如果不是您本人申请，无需任何操作：没有此链接，任何人都无法登录。
`,
    }),
    account: (url: string) => ({
      subject: '您的 SmartPresence 账户',
      text: `管理员为您创建了此链接。打开链接即可设置密码和身份验证器应用。
链接只能使用一次，${HOURS} 小时内有效：

${url}
`,
    }),
  },
} as const;

export function linkMail(
  kind: 'person' | 'account',
  language: string | null,
  url: string,
): { subject: string; text: string } {
  const primary = language?.toLowerCase().split('-')[0] ?? 'en';
  return TEXTS[primary in TEXTS ? (primary as keyof typeof TEXTS) : 'en'][kind](url);
}

import { Problem } from '../errors/problem.ts';
import type { PolicyConsentText } from './wire/changes.ts';

/**
 * The consent text a person agrees to before a template is made: the one that ships, unless the server's policy brings the
 * operator's own (versioned, by language, each language reviewed). The version is recorded with each consent.
 */
export interface ConsentText {
  readonly version: string;
  readonly language: string;
  readonly title: string;
  readonly paragraphs: readonly string[];
}

/** Who runs the place, and who to ask. */
export interface ConsentNames {
  readonly controller: string;
  readonly contact: string;
  readonly dpo: string;
}

const VERSION = '2026-11';

interface Wording {
  readonly title: string;
  readonly paragraphs: readonly string[];
}

/** A language of the screens without a text here does not compile. */
/** The languages of the text that ships: those of the kiosk. */
export type ShippedLanguage = 'en' | 'de' | 'ar' | 'zh';

/* In Arabic, names stand isolated (U+2068 … U+2069), so that Latin ones don't turn the sentence around. */
const TEXTS: Record<ShippedLanguage, Wording> = {
  en: {
    title: 'May this kiosk recognise your face?',
    paragraphs: [
      'If you agree, {controller} stores a mathematical description of your face and one photo of today, both encrypted, to recognise you when you check in here. Nothing else is done with them.',
      'With each check-in a photo is kept for {photoDays} days, so that a mistake can be cleared up. It is encrypted and then deleted by itself.',
      'You decide freely. A number with a PIN works just as well, and nobody is treated differently for choosing it.',
      'You can withdraw at any time, here or at the front desk. Your face data is then deleted everywhere.',
      'Questions: {contact}. Data protection officer: {dpo}.',
    ],
  },
  de: {
    title: 'Darf dieser Kiosk Ihr Gesicht erkennen?',
    paragraphs: [
      'Wenn Sie zustimmen, speichert {controller} eine mathematische Beschreibung Ihres Gesichts und ein Foto von heute, beides verschlüsselt, um Sie beim Einchecken hier zu erkennen. Zu nichts anderem.',
      'Bei jedem Einchecken wird {photoDays} Tage lang ein Foto aufbewahrt, damit sich ein Irrtum aufklären lässt. Es ist verschlüsselt und wird danach von selbst gelöscht.',
      'Sie entscheiden frei. Eine Nummer mit PIN ist genauso gut, und niemand wird deswegen anders behandelt.',
      'Sie können jederzeit widerrufen, hier oder am Empfang. Ihre Gesichtsdaten werden dann überall gelöscht.',
      'Fragen: {contact}. Datenschutzbeauftragte Person: {dpo}.',
    ],
  },
  ar: {
    title: 'هل يجوز لهذا الجهاز أن يتعرّف على وجهك؟',
    paragraphs: [
      'إذا وافقت، تحفظ جهة \u2068{controller}\u2069 وصفًا رياضيًا لوجهك وصورة واحدة من اليوم، وكلاهما مشفّر، للتعرّف عليك عند تسجيل حضورك هنا. ولا يُستعملان لأي غرض آخر.',
      'مع كل تسجيل حضور تُحفظ صورة لتوضيح أي خطأ (مدة الحفظ بالأيام: {photoDays}). وهي مشفّرة، ثم تُحذف تلقائيًا.',
      'القرار لك بحرّية. فالرقم مع الرمز السري يؤدي الغرض نفسه، ولا يُعامَل أحد معاملة مختلفة إذا اختاره.',
      'يمكنك سحب موافقتك في أي وقت، هنا أو في الاستقبال. وعندئذ تُحذف بيانات وجهك في كل مكان.',
      'للأسئلة: \u2068{contact}\u2069. مسؤول حماية البيانات: \u2068{dpo}\u2069.',
    ],
  },
  zh: {
    title: '是否允许本机识别您的人脸？',
    paragraphs: [
      '如果您同意，{controller} 将保存您人脸的数学描述和今天拍摄的一张照片，两者均加密，用于您在此签到时识别您，不作任何其他用途。',
      '每次签到会保存一张照片，保存 {photoDays} 天，以便澄清差错。照片经过加密，到期自动删除。',
      '您可以自由决定。使用编号和 PIN 码同样方便，选择它的人不会受到任何区别对待。',
      '您可以随时在此或在前台撤回同意。届时您的人脸数据将在所有地方删除。',
      '如有疑问：{contact}。数据保护官：{dpo}。',
    ],
  },
};

/** In place of the first paragraph, where templates live on people's cards. */
const ON_CARD: Record<ShippedLanguage, string> = {
  en: 'If you agree, a mathematical description of your face is encrypted, and the only key is printed on a card that you get now. {controller} keeps what it can’t open without your card, and no photo. At the kiosk you show the card, and then your face. If the card is lost or copied, a new one makes it worthless.',
  de: 'Wenn Sie zustimmen, wird eine mathematische Beschreibung Ihres Gesichts verschlüsselt, und der einzige Schlüssel steht auf einer Karte, die Sie jetzt bekommen. {controller} behält, was ohne Ihre Karte nicht zu öffnen ist, und kein Foto. Am Kiosk zeigen Sie die Karte und dann Ihr Gesicht. Geht die Karte verloren oder wird sie kopiert, macht eine neue sie wertlos.',
  ar: 'إذا وافقت، يُشفَّر وصف رياضي لوجهك، ويُطبع المفتاح الوحيد على بطاقة تحصل عليها الآن. وتحفظ جهة \u2068{controller}\u2069 ما لا تستطيع فتحه من دون بطاقتك، ولا تحفظ أي صورة. عند الجهاز تُظهر البطاقة ثم وجهك. وإذا ضاعت البطاقة أو نُسخت، فإن بطاقة جديدة تجعلها بلا قيمة.',
  zh: '如果您同意，您人脸的数学描述将被加密，唯一的密钥印在您现在领取的卡上。{controller} 保存的内容没有您的卡就无法打开，也不保存照片。签到时，请先出示卡，再看摄像头。卡若丢失或被复制，补发新卡即可使旧卡失效。',
};

/**
 * The text in one language, with the site's own names in it. What a site keeps of check-ins is part of what is agreed to,
 * and so of the version: `2026-11.photo-90-days`, `2026-11.no-photo`.
 *
 * The text that ships falls back to English for a language that has none. One of the operator's own does not: where it was
 * not reviewed in a language, nobody can agree to it in that language.
 *
 * @param who null: nobody has said it. A text that names them can't be agreed to then
 * @param photoDays days that the photo of a check-in is kept, 0 where none is taken
 * @param own the operator's texts; empty: the one that ships
 * @param onCard templates live on the person's card: the text that ships says so, and its version too
 * @throws Problem `consent-text-missing`, `privacy-not-set`
 */
export function consentText(
  language: string,
  who: ConsentNames | null,
  photoDays: number,
  own: readonly PolicyConsentText[] = [],
  onCard = false,
): ConsentText {
  const filled = filledIn(own.length > 0 ? ownText(language, own) : shippedText(language, onCard), who, photoDays);
  if (filled !== null) return filled;
  throw new Problem('privacy-not-set');
}

/** The same in every language it exists in: those that name who runs the place are left out while nobody has said it. */
export function consentTexts(
  who: ConsentNames | null,
  photoDays: number,
  own: readonly PolicyConsentText[],
  onCard: boolean,
): ConsentText[] {
  const texts = own.length > 0 ? own : Object.keys(TEXTS).map((language) => shippedText(language, onCard));
  return texts.map((text) => filledIn(text, who, photoDays)).filter((text) => text !== null);
}

function filledIn(text: PolicyConsentText, who: ConsentNames | null, photoDays: number): ConsentText | null {
  if (who === null && [text.title, ...text.paragraphs].some((t) => /\{(controller|contact|dpo)\}/.test(t))) return null;
  const values: Readonly<Record<string, string | number>> = { ...who, photoDays };
  const fill = (t: string) => t.replace(/\{(\w+)\}/g, (whole, key: string) => String(values[key] ?? whole));
  const photos = photoDays > 0;
  const paragraphs = photos ? text.paragraphs : text.paragraphs.filter((p) => !p.includes('{photoDays}'));
  const version = `${text.version}.${photos ? `photo-${photoDays}-days` : 'no-photo'}`;
  return { version, language: text.language, title: fill(text.title), paragraphs: paragraphs.map(fill) };
}

function shippedText(language: string, onCard: boolean): PolicyConsentText {
  const [base = ''] = language.split('-');
  const known = base in TEXTS ? (base as ShippedLanguage) : 'en';
  const { title, paragraphs } = TEXTS[known];
  if (!onCard) return { version: VERSION, language: known, title, paragraphs: [...paragraphs] };
  return {
    version: `${VERSION}.on-card`,
    language: known,
    title,
    paragraphs: [ON_CARD[known], ...paragraphs.slice(1)],
  };
}

function ownText(language: string, own: readonly PolicyConsentText[]): PolicyConsentText {
  const [base] = language.split('-');
  const text = own.find((t) => t.language === language) ?? own.find((t) => t.language === base);
  if (text) return text;
  throw new Problem('consent-text-missing');
}

import type { AttentionKind } from '../../../protocol/api/attention.ts';
import type { ProductLanguage } from '../../../protocol/api/languages.ts';
import { fillIn } from '../../../protocol/fill-in.ts';
import { mailTexts } from '../../core/accounts/links.ts';
import type { Due, Item } from './alerts-rules.ts';

/** Most items in one part of a mail, so that it stays readable even if a whole fleet is offline. */
const LINES = 20;

export interface Places {
  readonly console: string;
  readonly timeZone: string;
  readonly siteName: (id: string) => string | undefined;
  readonly kioskName: (id: string) => string | undefined;
}

/** Kinds of items whose code is shown too, since it says more than the kind (docs/operate/health.md, fleet.md). */
const CODED: ReadonlySet<string> = new Set<AttentionKind>(['kiosk', 'server', 'rollout', 'quarantine']);

/**
 * Writes the alert mail for an account. It has the kind of each item, where and since when it exists, the next step, and a
 * link to the page for it, which requires a sign-in. It contains no name of a person and nothing of their face.
 */
export function alertMail(language: ProductLanguage, due: Due, places: Places): { subject: string; text: string } {
  const texts = mailTexts(language).alerts;
  const when = new Intl.DateTimeFormat(language, {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: places.timeZone,
  });
  const where = ({ device, sites }: Item) =>
    [device && places.kioskName(device), ...(sites ?? []).map(places.siteName)].filter(Boolean).join(' · ');
  const title = (item: Item) => {
    const named = texts.kinds[item.kind as AttentionKind].title;
    return `${CODED.has(item.kind) ? `${named} (${item.code})` : named}${where(item) && `: ${where(item)}`}`;
  };
  const lines = (part: keyof Due, item: Item): string[] => {
    if (part === 'closed') return [`– ${title(item)}`];
    return [
      `– ${title(item)}`,
      `  ${fillIn(texts.since, { at: when.format(item.at) })}`,
      `  ${texts.kinds[item.kind as AttentionKind].next}`,
      `  ${places.console}attention?kind=${item.kind}`,
    ];
  };
  const parts = (['urgent', 'still', 'opened', 'closed'] as const).filter((part) => due[part].length > 0);
  const text = parts.flatMap((part) => {
    const left = due[part].length - LINES;
    return [
      texts[part],
      '',
      ...due[part].slice(0, LINES).flatMap((item) => lines(part, item)),
      ...(left > 0 ? [fillIn(texts.more, { count: left, url: `${places.console}attention` })] : []),
      '',
    ];
  });
  const summary = parts.map((part) => `${texts[part]} (${due[part].length})`).join(', ');
  return {
    subject: `SmartPresence: ${summary}`,
    text: [...text, fillIn(texts.choose, { url: `${places.console}alerts` }), ''].join('\n'),
  };
}

/** Writes a test mail. */
export function testMail(
  language: ProductLanguage,
  places: Pick<Places, 'console'>,
): { subject: string; text: string } {
  const { test, choose } = mailTexts(language).alerts;
  return {
    subject: test.subject,
    text: [test.text, '', fillIn(choose, { url: `${places.console}alerts` }), ''].join('\n'),
  };
}

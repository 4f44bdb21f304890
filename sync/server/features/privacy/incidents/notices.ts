import arKinds from '../../../../protocol/api/data-kinds/ar.json' with { type: 'json' };
import deKinds from '../../../../protocol/api/data-kinds/de.json' with { type: 'json' };
import enKinds from '../../../../protocol/api/data-kinds/en.json' with { type: 'json' };
import esKinds from '../../../../protocol/api/data-kinds/es.json' with { type: 'json' };
import frKinds from '../../../../protocol/api/data-kinds/fr.json' with { type: 'json' };
import plKinds from '../../../../protocol/api/data-kinds/pl.json' with { type: 'json' };
import trKinds from '../../../../protocol/api/data-kinds/tr.json' with { type: 'json' };
import zhKinds from '../../../../protocol/api/data-kinds/zh.json' with { type: 'json' };
import type { DataKind } from '../../../../protocol/api/data-kinds.ts';
import type { Incident, Notice, NoticeLanguage } from '../../../../protocol/api/incidents.ts';
import { fillIn } from '../../../../protocol/fill-in.ts';
import ar from './locales/ar.json' with { type: 'json' };
import de from './locales/de.json' with { type: 'json' };
import en from './locales/en.json' with { type: 'json' };
import es from './locales/es.json' with { type: 'json' };
import fr from './locales/fr.json' with { type: 'json' };
import pl from './locales/pl.json' with { type: 'json' };
import tr from './locales/tr.json' with { type: 'json' };
import zh from './locales/zh.json' with { type: 'json' };

type NoticeTexts = typeof en & { readonly kinds: Readonly<Record<DataKind, string>> };
export const NOTICE_TEXTS: Readonly<Record<NoticeLanguage, NoticeTexts>> = {
  en: { ...en, kinds: enKinds },
  de: { ...de, kinds: deKinds },
  fr: { ...fr, kinds: frKinds },
  es: { ...es, kinds: esKinds },
  pl: { ...pl, kinds: plKinds },
  tr: { ...tr, kinds: trKinds },
  ar: { ...ar, kinds: arKinds },
  zh: { ...zh, kinds: zhKinds },
};

export interface NoticeFacts {
  readonly incident: Incident;
  /** Numbers of people and audit rows known to be affected. Null if the incident has no scope yet. */
  readonly affected: { readonly people: number; readonly rows: number; readonly unknown: number } | null;
  /** Null if none are configured (site policy, `privacy`). */
  readonly contacts: { readonly controller: string; readonly contact: string; readonly dpo: string } | null;
  readonly now: Date;
}

/**
 * Drafts the notice to the supervisory authority (Art. 33(3) GDPR) or to the affected (Art. 34(2)) from the incident record
 * and the audit log. It is only a draft: a person is responsible for what is sent.
 */
export function draftNotice(to: 'authority' | 'people', language: NoticeLanguage, facts: NoticeFacts): Notice {
  const missing: string[] = [];
  const or = (value: string | null | undefined, what: string): string => {
    if (value) return value;
    missing.push(what);
    return `[${what}]`;
  };
  const text = to === 'authority' ? forAuthority(language, facts, or) : forPeople(language, facts, or);
  return { text, missing, contacts: facts.contacts !== null };
}

type Or = (value: string | null | undefined, what: string) => string;

function forAuthority(language: NoticeLanguage, { incident: i, affected, contacts, now }: NoticeFacts, or: Or): string {
  const w = NOTICE_TEXTS[language];
  const utc = (at: string) => `${inUtc(language, at, { timeStyle: 'short', hourCycle: 'h23' })} UTC`;
  const late = now.toISOString() > i.clock.dueAt && !i.authorityAt;
  // If nobody was found yet, that doesn't mean that nobody is affected.
  const found = affected && affected.people + affected.unknown > 0;
  const counts = found ? countsOf(w, affected) : or(null, w.fields.counts);
  return sections(w.authority.title, w.draft, [
    [w.authority.controller, or(contacts?.controller, w.fields.controller)],
    [w.authority.contact, `${or(contacts?.dpo, w.fields.dpo)}\n\n${or(contacts?.contact, w.fields.contact)}`],
    [
      w.authority.times,
      [
        `- ${w.found}: ${utc(i.foundAt)}`,
        `- ${w.began}: ${i.beganAt ? utc(i.beganAt) : or(null, w.fields.began)}`,
        `- ${w.ended}: ${i.endedAt ? utc(i.endedAt) : w.goesOn}`,
        `- ${w.due}: ${utc(i.clock.dueAt)}`,
      ].join('\n'),
    ],
    [w.authority.nature, or(i.description, w.fields.description)],
    [w.authority.data, i.data.length > 0 ? dataList(w, i.data) : or(null, w.fields.data)],
    [w.authority.people, counts],
    [w.authority.consequences, or(i.consequences, w.fields.consequences)],
    [w.authority.measures, or(i.measures, w.fields.measures)],
    [
      w.authority.informed,
      i.peopleAt ? fillIn(w.informedOn, { at: utc(i.peopleAt) }) : or(i.peopleReason, w.fields.informed),
    ],
    ...(late ? [[w.authority.delay, or(i.authorityReason, w.fields.delay)] as const] : []),
    [w.authority.reference, i.id],
  ]);
}

function forPeople(language: NoticeLanguage, { incident: i, contacts }: NoticeFacts, or: Or): string {
  const w = NOTICE_TEXTS[language];
  return [
    `# ${w.people.title}`,
    `> ${w.draft}`,
    w.people.greeting,
    fillIn(w.people.opening, {
      controller: or(contacts?.controller, w.fields.controller),
      day: inUtc(language, i.foundAt, {}),
    }),
    `## ${w.people.what}`,
    or(i.description, w.fields.description),
    `## ${w.people.data}`,
    i.data.length > 0 ? dataList(w, i.data) : or(null, w.fields.data),
    `## ${w.people.consequences}`,
    or(i.consequences, w.fields.consequences),
    `## ${w.people.measures}`,
    or(i.measures, w.fields.measures),
    ...(i.data.some((d) => d === 'template' || d === 'photo') ? [w.people.face] : []),
    `## ${w.people.ask}`,
    `${or(contacts?.dpo, w.fields.dpo)}\n\n${or(contacts?.contact, w.fields.contact)}`,
    w.people.rights,
    '',
  ].join('\n\n');
}

function sections(title: string, draft: string, list: readonly (readonly [string, string])[]): string {
  return [`# ${title}`, `> ${draft}`, ...list.map(([head, body], n) => `## ${n + 1}. ${head}\n\n${body}`), ''].join(
    '\n\n',
  );
}

function countsOf({ counts }: NoticeTexts, { people, rows, unknown }: NonNullable<NoticeFacts['affected']>): string {
  const count = (n: number, forms: { one: string; other: string }) => fillIn(n === 1 ? forms.one : forms.other, { n });
  const found = fillIn(counts.found, { people: count(people, counts.people), rows: count(rows, counts.rows) });
  return unknown > 0 ? found + fillIn(counts.unknown, { unknown }) : found;
}

const dataList = (w: NoticeTexts, kinds: readonly DataKind[]): string =>
  kinds.map((kind) => `- ${w.kinds[kind]}`).join('\n');

const inUtc = (language: NoticeLanguage, at: string, style: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, {
    dateStyle: 'long',
    timeZone: 'UTC',
    ...style,
  }).format(new Date(at));

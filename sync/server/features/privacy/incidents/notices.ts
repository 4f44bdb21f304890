import type { Incident, NoticeLanguage } from '../../../../protocol/api/incidents.ts';
import { NOTICE_TEXTS, type NoticeTexts } from './notice-text.ts';

/** What a notice is made of. */
export interface NoticeFacts {
  readonly incident: Incident;
  /** How many people, and rows of the audit log, are known to be concerned; null: no scope was named yet. */
  readonly affected: { readonly people: number; readonly rows: number; readonly unknown: number } | null;
  /** Null: none is configured (site policy, `privacy`). */
  readonly contacts: { readonly controller: string; readonly contact: string; readonly dpo: string } | null;
  readonly now: Date;
}

export interface NoticeText {
  /** Markdown. Gaps to fill in are marked `[…]`. */
  readonly text: string;
  readonly missing: readonly string[];
}

/**
 * Drafts the notice to the supervisory authority (Art. 33(3) GDPR) or to the affected (Art. 34(2)), from what the record
 * and the audit log know. A draft: a person answers for what is sent.
 */
export function draftNotice(to: 'authority' | 'people', language: NoticeLanguage, facts: NoticeFacts): NoticeText {
  const w = NOTICE_TEXTS[language];
  const missing: string[] = [];
  const or = (value: string | null | undefined, what: string): string => {
    if (value) return value;
    missing.push(what);
    return `[${what}]`;
  };
  const text = to === 'authority' ? forAuthority(w, facts, or) : forPeople(w, facts, or);
  return { text, missing };
}

type Or = (value: string | null | undefined, what: string) => string;

function forAuthority(w: NoticeTexts, { incident: i, affected, contacts, now }: NoticeFacts, or: Or): string {
  const late = now.toISOString() > i.clock.dueAt && !i.authorityAt;
  const counts = affected ? w.counts(affected.people, affected.rows, affected.unknown) : or(null, w.fields.counts);
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
    [w.authority.informed, i.peopleAt ? w.informedOn(utc(i.peopleAt)) : or(i.peopleReason, w.fields.informed)],
    ...(late ? [[w.authority.delay, or(i.authorityReason, w.fields.delay)] as const] : []),
    [w.authority.reference, i.id],
  ]);
}

function forPeople(w: NoticeTexts, { incident: i, contacts }: NoticeFacts, or: Or): string {
  return [
    `# ${w.people.title}`,
    `> ${w.draft}`,
    w.people.greeting,
    w.people.opening(or(contacts?.controller, w.fields.controller), day(i.foundAt)),
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

/** In words; a kind that has none stands as it is. */
function dataList(w: NoticeTexts, kinds: readonly string[]): string {
  return [...new Set(kinds.map((kind) => w.kinds[kind] ?? kind))].map((kind) => `- ${kind}`).join('\n');
}

const utc = (at: string): string => `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;
const day = (at: string): string => at.slice(0, 10);

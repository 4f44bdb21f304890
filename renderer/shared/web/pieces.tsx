import type { ComponentChildren, JSX } from 'preact';
import { directionOf } from '../i18n.ts';
import { IconInfo } from '../icons.tsx';

/** One line of a `<dl class="facts">`. */
export const Fact = ({
  name,
  value,
  ...rest
}: Omit<JSX.IntrinsicElements['dd'], 'value'> & { name: string; value: ComponentChildren }) => (
  <div>
    <dt>{name}</dt>
    <dd {...rest}>{value}</dd>
  </div>
);

interface ConsentArticleProps {
  text: { language: string; title: string; paragraphs: readonly string[] };
  class?: string;
}

/** A consent text as it is read, in its own language and direction. */
export const ConsentArticle = ({ text: { language, title, paragraphs }, class: more = '' }: ConsentArticleProps) => (
  <article class={`consent-text ${more}`} lang={language} dir={directionOf(language)}>
    <h3>{title}</h3>
    {paragraphs.map((p) => (
      <p key={p}>{p}</p>
    ))}
  </article>
);

/** A part of a page under its own heading. @param aside beside the heading: how it is, or what can be done */
export const Panel = ({
  title,
  aside,
  children,
  ...rest
}: Omit<JSX.IntrinsicElements['section'], 'title'> & { title: ComponentChildren; aside?: ComponentChildren }) => (
  <section class="card panel" {...rest}>
    {aside === undefined ? (
      <h2>{title}</h2>
    ) : (
      <div class="panel-head">
        <h2>{title}</h2>
        {aside}
      </div>
    )}
    {children}
  </section>
);

/** A state in a word or two. */
export const Badge = ({
  kind,
  children,
  ...rest
}: JSX.IntrinsicElements['span'] & { kind?: string | undefined; children: ComponentChildren }) => (
  <span class="badge" data-kind={kind} {...rest}>
    {children}
  </span>
);

interface EmptyProps {
  title: string;
  text?: string | undefined;
  icon?: ComponentChildren;
  children?: ComponentChildren;
}

/** Nothing is there, and why, or what to do about it. */
export function Empty({ title, text, icon = <IconInfo />, children }: EmptyProps) {
  return (
    <div class="nobody">
      <span class="nobody-icon">{icon}</span>
      <p class="nobody-title">{title}</p>
      {text && <p class="muted">{text}</p>}
      {children}
    </div>
  );
}

/** The product's mark: a face frame with a tick. */
export const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="9" class="mark-ground" />
    <path
      class="mark-line"
      d="M9 13v-1.5A2.5 2.5 0 0 1 11.5 9H13M19 9h1.5A2.5 2.5 0 0 1 23 11.5V13M23 19v1.5a2.5 2.5 0 0 1-2.5 2.5H19M13 23h-1.5A2.5 2.5 0 0 1 9 20.5V19M12.500 16.300l2.500 2.500 5-5.300"
    />
  </svg>
);

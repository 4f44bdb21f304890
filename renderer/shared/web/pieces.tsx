import type { ComponentChildren, JSX } from 'preact';
import { IconInfo } from '../icons.tsx';

/** One line of a `<dl class="facts">`. */
export const Fact = ({ name, children, ...rest }: JSX.IntrinsicElements['dd'] & { name: string }) => (
  <div>
    <dt>{name}</dt>
    <dd {...rest}>{children}</dd>
  </div>
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

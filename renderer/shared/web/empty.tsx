import type { ComponentChildren } from 'preact';
import { IconInfo } from '../icons.tsx';

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

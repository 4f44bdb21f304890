import type { ComponentChildren } from 'preact';
import { Button } from '../../shared/button.tsx';
import { useFocus } from '../../shared/focus.ts';
import { IconBack } from '../../shared/icons.tsx';
import { t } from '../i18n.ts';

interface TitleProps {
  readonly level?: 'h1' | 'h2';
  readonly class?: string;
  /** The title is focused again when this changes. */
  readonly at?: unknown;
  readonly children: ComponentChildren;
}

/** The title of a screen or step, focused when it appears so that screen readers read it. */
export function Title({ level: Level = 'h2', class: name = 'title', at, children }: TitleProps) {
  return (
    <Level class={name} ref={useFocus<HTMLHeadingElement>(at)} tabIndex={-1}>
      {children}
    </Level>
  );
}

/** The back button and the title of a screen. @param title plain text if a field of the screen gets the focus */
export function ScreenHead({ title, back }: { title: ComponentChildren; back: () => void }) {
  return (
    <div class="screen-head">
      <BackButton onClick={back} />
      {typeof title === 'string' ? <h1 class="title">{title}</h1> : title}
    </div>
  );
}

export function BackButton({ onClick }: { onClick: () => void }) {
  return <Button label={t('back')} icon={<IconBack />} class="button-back" onClick={onClick} />;
}

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Button } from '../button.tsx';
import { focusFirst } from '../first-focus.ts';
import { IconClose } from '../icons.tsx';
import { t } from './i18n.ts';

/** A window over the page. The focus begins at what it is for, stays inside, and goes back where it was; Escape closes it. */
export function Dialog({
  title,
  onClose,
  wide = false,
  children,
}: {
  title: string;
  onClose: () => void;
  wide?: boolean;
  children: ComponentChildren;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    ref.current?.showModal();
    if (ref.current) focusFirst(ref.current);
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class="dialog"
      data-wide={wide}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header class="dialog-head">
        <h2 id={id} tabIndex={-1}>
          {title}
        </h2>
        <Button kind="icon" aria-label={t('close')} onClick={onClose}>
          <IconClose />
        </Button>
      </header>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}

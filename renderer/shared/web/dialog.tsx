import { type ComponentChildren, createContext } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Button, type ButtonProps } from '../button.tsx';
import { focusFirst } from '../focus.ts';
import { IconClose } from '../icons.tsx';
import { t } from './i18n.ts';

/** Closes the dialog around; nothing where there is none. */
export const CloseDialog = createContext<() => void>(() => undefined);

interface DialogProps {
  title: string;
  onClose: () => void;
  wide?: boolean;
  children: ComponentChildren;
}

/** A window over the page. The focus begins at what it is for, stays inside, and goes back where it was; Escape closes it. */
export function Dialog({ title, onClose, wide = false, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Before the next frame, so that the first key goes where the focus is to be. Closing gives the focus back.
  useLayoutEffect(() => {
    const dialog = ref.current!;
    dialog.showModal();
    focusFirst(dialog);
    return () => dialog.close();
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
      <div class="dialog-body">
        <CloseDialog.Provider value={onClose}>{children}</CloseDialog.Provider>
      </div>
    </dialog>
  );
}

/**
 * A button, and the dialog that it opens.
 *
 * @param label what the button does; the dialog is called so too, unless it has a `title` of its own
 * @param of which one it is about, for a screen reader
 */
export function DialogButton({
  label,
  title = label,
  of,
  wide = false,
  onClosed,
  children,
  ...button
}: Omit<ButtonProps, 'title'> &
  Omit<DialogProps, 'title' | 'onClose'> & {
    label: string;
    title?: string;
    of?: string;
    onClosed?: () => void;
  }) {
  const [open, setOpen] = useState(false);
  const close = () => {
    setOpen(false);
    onClosed?.();
  };
  return (
    <>
      <Button {...button} label={label} onClick={() => setOpen(true)}>
        {of && <span class="sr-only"> {of}</span>}
      </Button>
      {open && (
        <Dialog title={title} wide={wide} onClose={close}>
          {children}
        </Dialog>
      )}
    </>
  );
}

import { type ComponentChildren, type ComponentType, createContext, type JSX } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Button, type ButtonProps } from '../button.tsx';
import { focusFirst } from '../focus.ts';
import { directionOf } from '../i18n.ts';
import { IconClose, IconInfo } from '../icons.tsx';
import { t } from './i18n.ts';

/** Closes the surrounding dialog; does nothing outside of one. */
export const CloseDialog = createContext<() => void>(() => undefined);

/** Called before Escape or ✕ closes the surrounding dialog, if its content would be lost. */
export const HoldDialog = createContext<{ current: (() => Promise<boolean>) | null }>({ current: null });

interface DialogProps {
  title: string;
  onClose: () => void;
  wide?: boolean;
  children: ComponentChildren;
}

/** A modal dialog. The focus starts in it, stays inside, and returns to where it was. Escape closes it. */
export function Dialog({ title, onClose, wide = false, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  const hold = useRef<(() => Promise<boolean>) | null>(null);
  const leave = async () => {
    if (!hold.current || (await hold.current())) onClose();
  };
  // Opened before the next frame, so that the first key press goes to the right element. Closing returns the focus.
  useLayoutEffect(() => {
    const dialog = ref.current!;
    // A dialog opened while its page waits for a new sign-in is shown together with the page.
    if (dialog.isConnected) dialog.showModal();
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
        void leave();
      }}
      onKeyDown={(event) => {
        // Chrome closes a dialog after several Escapes in a row, whatever `cancel` does.
        if (event.key !== 'Escape' || event.defaultPrevented || !hold.current) return;
        event.preventDefault();
        void leave();
      }}
    >
      <header class="dialog-head">
        <h2 id={id} tabIndex={-1}>
          {title}
        </h2>
        <Button kind="icon" aria-label={t('close')} onClick={leave}>
          <IconClose />
        </Button>
      </header>
      <div class="dialog-body">
        <HoldDialog.Provider value={hold}>
          <CloseDialog.Provider value={onClose}>{children}</CloseDialog.Provider>
        </HoldDialog.Provider>
      </div>
    </dialog>
  );
}

/**
 * A button, and the dialog it opens.
 *
 * @param label of the button; also the dialog's title unless `title` is set
 * @param of what it is about, for screen readers
 * @param as another kind of button, such as one named by its row
 */
export function DialogButton({
  label,
  title = label,
  of,
  wide = false,
  onClosed,
  as: Opener = Button,
  children,
  ...button
}: Omit<ButtonProps, 'title'> &
  Omit<DialogProps, 'title' | 'onClose'> & {
    label: string;
    title?: string;
    of?: string;
    onClosed?: () => void;
    as?: ComponentType<ButtonProps>;
  }) {
  const [open, setOpen] = useState(false);
  const close = () => {
    setOpen(false);
    onClosed?.();
  };
  return (
    <>
      <Opener {...button} label={label} aria-haspopup="dialog" onClick={() => setOpen(true)}>
        {of && <span class="sr-only"> {of}</span>}
      </Opener>
      {open && (
        <Dialog title={title} wide={wide} onClose={close}>
          {children}
        </Dialog>
      )}
    </>
  );
}

/** One row of a `<dl class="facts">`. */
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

/** A consent text in its own language and direction. */
export const ConsentArticle = ({ text: { language, title, paragraphs }, class: more = '' }: ConsentArticleProps) => (
  <article class={`consent-text ${more}`} lang={language} dir={directionOf(language)}>
    <h3>{title}</h3>
    {paragraphs.map((p) => (
      <p key={p}>{p}</p>
    ))}
  </article>
);

/** A section of a page with its own heading. @param aside beside the heading: a state, or actions */
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

/** A state in one or two words. */
export const Badge = ({
  kind,
  children,
  ...rest
}: JSX.IntrinsicElements['span'] & { kind?: string | undefined; children: ComponentChildren }) => (
  <span class="badge" data-kind={kind} {...rest}>
    {children}
  </span>
);

/** One or two sentences that should not be overlooked. */
export const Note = ({ kind, ...rest }: JSX.IntrinsicElements['p'] & { kind?: string | undefined }) => (
  <p class="note" data-kind={kind} {...rest} />
);

interface EmptyProps {
  title: string;
  text?: string | undefined;
  icon?: ComponentChildren;
  children?: ComponentChildren;
}

/** Shown for an empty list, with the reason or what to do. */
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

import type { ComponentChildren } from 'preact';
import { useContext } from 'preact/hooks';
import type { Answer } from './api.ts';
import { CloseDialog } from './dialog.tsx';
import { ErrorNote, Form, Submit } from './form.tsx';
import { type Around, useWrite } from './resource.ts';

/**
 * A form that sends something: its fields, why it was refused, and the button. Once it is done, the dialog around it
 * closes.
 *
 * @param ready false: there is nothing to send yet
 * @param keepOpen what comes of it is shown in the same dialog
 * @param action what the button does
 */
export function WriteForm<T>({
  write,
  ask,
  say,
  done,
  ready = true,
  keepOpen = false,
  action,
  danger,
  onCancel,
  children,
}: Around<T> & {
  write: () => Promise<Answer<T>>;
  ready?: boolean;
  keepOpen?: boolean;
  action: ComponentChildren;
  danger?: boolean;
  onCancel?: () => void;
  children?: ComponentChildren;
}) {
  const { busy, error, run } = useWrite();
  const close = useContext(CloseDialog);
  const finish = (value: T) => {
    if (!keepOpen) close();
    done?.(value);
  };
  return (
    <Form class="stack" onSubmit={() => ready && void run(write, { ask, say, done: finish })}>
      {children}
      <ErrorNote error={error} />
      <Submit danger={danger} disabled={busy || !ready} onCancel={onCancel}>
        {action}
      </Submit>
    </Form>
  );
}

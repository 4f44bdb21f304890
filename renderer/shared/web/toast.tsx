import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { Button } from '../button.tsx';
import { IconAlert, IconCheck, IconClose } from '../icons.tsx';
import type { ApiError } from './api.ts';
import { t } from './i18n.ts';
import { errorText } from './say.ts';

/** How long a toast stays unless it has the pointer or focus, ms; longer if it offers undo. */
const STAY_MS = 6000;
const STAY_UNDO_MS = 12_000;

interface Toast {
  readonly id: number;
  readonly say: () => string;
  readonly undo: (() => Promise<ApiError | null>) | undefined;
}

const shown = signal<readonly Toast[]>([]);
let count = 0;

/** Shows that something was done. @param say text in the page's current language @param undo returns its error, or null */
export function toast(say: () => string, undo?: () => Promise<ApiError | null>): void {
  count += 1;
  shown.value = [...shown.value.slice(-2), { id: count, say, undo }];
}

const drop = (id: number): void => {
  shown.value = shown.value.filter((one) => one.id !== id);
};

/** Removes all toasts: the session has ended, and they may name people. */
export function dropToasts(): void {
  shown.value = [];
}

/** Rendered once, in the shell. */
export const Toasts = () => (
  <div class="toasts" role="status">
    {shown.value.map((one) => (
      <One key={one.id} toast={one} />
    ))}
  </div>
);

function One({ toast: { id, say, undo } }: { toast: Toast }) {
  const [held, hold] = useState(false);
  const [busy, setBusy] = useState(false);
  /** Why undoing failed. The toast then stays until it is closed, so that undoing can be tried again. */
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    if (held || busy || error) return;
    const timer = setTimeout(() => drop(id), undo ? STAY_UNDO_MS : STAY_MS);
    return () => clearTimeout(timer);
  }, [held, busy, error]);
  const takeBack = async () => {
    if (busy) return;
    setBusy(true);
    const failed = await undo!();
    setBusy(false);
    setError(failed);
    if (failed) return;
    drop(id);
    toast(() => t('toast.undone', { what: say() }));
  };
  const trouble = error && errorText(error);
  return (
    <div
      class="toast"
      onPointerEnter={() => hold(true)}
      onPointerLeave={() => hold(false)}
      onFocusIn={() => hold(true)}
      onFocusOut={() => hold(false)}
    >
      {trouble ? <IconAlert /> : <IconCheck />}
      <p lang={trouble?.lang}>{trouble ? `${trouble.title} ${trouble.next}` : say()}</p>
      {undo && (
        <button type="button" class="toast-undo" aria-disabled={busy} onClick={() => void takeBack()}>
          {t('toast.undo')}
        </button>
      )}
      <Button kind="icon" aria-label={t('close')} onClick={() => drop(id)}>
        <IconClose />
      </Button>
    </div>
  );
}

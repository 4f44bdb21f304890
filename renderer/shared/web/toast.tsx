import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { Button } from '../button.tsx';
import { IconCheck, IconClose } from '../icons.tsx';
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
  useEffect(() => {
    if (held || busy) return;
    const timer = setTimeout(() => drop(id), undo ? STAY_UNDO_MS : STAY_MS);
    return () => clearTimeout(timer);
  }, [held, busy]);
  const takeBack = async () => {
    if (busy) return;
    setBusy(true);
    const error = await undo!();
    drop(id);
    toast(() => (error ? Object.values(errorText(error)).slice(0, 2).join(' ') : t('toast.undone', { what: say() })));
  };
  return (
    <div
      class="toast"
      onPointerEnter={() => hold(true)}
      onPointerLeave={() => hold(false)}
      onFocusIn={() => hold(true)}
      onFocusOut={() => hold(false)}
    >
      <IconCheck />
      <p>{say()}</p>
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

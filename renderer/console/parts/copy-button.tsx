import { useState } from 'preact/hooks';
import { Button } from '../../shared/button.tsx';
import { t } from '../i18n.ts';

/** Copies a text to the clipboard. Says what happened beside the button, since a toast would be behind the dialog. */
export function CopyButton({ text }: { text: string }) {
  const [outcome, setOutcome] = useState<'copied' | 'copyFailed' | null>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setOutcome('copied');
    } catch {
      setOutcome('copyFailed'); // forbidden by the browser's settings or the organisation's
    }
  };
  return (
    <>
      <Button label={t(outcome === 'copied' ? 'copied' : 'copy')} onClick={() => void copy()} />
      <span class={outcome === 'copyFailed' ? 'muted small' : 'sr-only'} role="status">
        {outcome && t(outcome)}
      </span>
    </>
  );
}

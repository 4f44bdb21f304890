import { useState } from 'preact/hooks';
import { Button } from '../../shared/button.tsx';
import { t } from '../i18n.ts';

/** Copies a text to the clipboard. Confirms it on the button, since a toast would be behind the dialog. */
export function CopyButton({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <>
      <Button
        label={t(copied ? 'copied' : 'copy')}
        onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
      />
      <span class="sr-only" role="status">
        {copied && t('copied')}
      </span>
    </>
  );
}

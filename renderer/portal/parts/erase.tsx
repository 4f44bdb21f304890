import { useState } from 'preact/hooks';
import { Button } from '../../shared/button.tsx';
import type { Answer } from '../../shared/web/api.ts';
import { Dialog } from '../../shared/web/dialog.tsx';
import { ErrorNote, Form, Submit, TextField, useField } from '../../shared/web/form.tsx';
import { useWrite } from '../../shared/web/resource.ts';
import { t } from '../i18n.ts';

/**
 * What an erasure does and how long it can be taken back; then, as a second step, a word to type.
 */
export function EraseDialog({
  undoDays,
  onErase,
  onClose,
}: {
  undoDays: number;
  onErase: () => Promise<Answer<unknown>>;
  onClose: () => void;
}) {
  const [sure, setSure] = useState(false);
  return (
    <Dialog title={t('erase.title')} onClose={onClose}>
      {sure ? (
        <Confirm onErase={onErase} onClose={onClose} />
      ) : (
        <div class="stack">
          <ul class="held">
            <li>{t(undoDays > 0 ? 'erase.face' : 'erase.faceNow')}</li>
            <li>{t(undoDays > 0 ? 'erase.rest' : 'erase.restNow')}</li>
            <li>{t('erase.methods')}</li>
          </ul>
          <p class="note" data-kind="warn">
            {undoDays > 0 ? t('erase.undoDays', { count: undoDays }) : t('erase.noUndo')}
          </p>
          <div class="actions">
            <Button onClick={onClose}>{t('cancel')}</Button>
            <Button kind="primary" onClick={() => setSure(true)}>
              {t('erase.next')}
            </Button>
          </div>
        </div>
      )}
    </Dialog>
  );
}

function Confirm({ onErase, onClose }: { onErase: () => Promise<Answer<unknown>>; onClose: () => void }) {
  const word = t('erase.word');
  const typed = useField('');
  const { busy, error, run } = useWrite();
  const ready = typed.value.trim().toLocaleLowerCase() === word.toLocaleLowerCase();
  const submit = () => ready && void run(onErase);
  return (
    <Form class="stack" onSubmit={submit}>
      <TextField label={t('confirm.type', { word })} dir="auto" {...typed} />
      <ErrorNote error={error} />
      <Submit danger disabled={busy || !ready} onCancel={onClose}>
        {t('erase.button')}
      </Submit>
    </Form>
  );
}

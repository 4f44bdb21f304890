import { useState } from 'preact/hooks';
import type { z } from 'zod';
import { type Minor, removeMinor, setMinor } from '../../../../sync/protocol/api/people.ts';
import { Button } from '../../../shared/button.tsx';
import { api } from '../../../shared/web/api.ts';
import { confirm } from '../../../shared/web/confirm.tsx';
import { Dialog } from '../../../shared/web/dialog.tsx';
import { ErrorNote, Form, Submit, TextField } from '../../../shared/web/form.tsx';
import { useWrite } from '../../../shared/web/resource.ts';
import { toast } from '../../../shared/web/toast.tsx';
import { t } from '../../i18n.ts';

/** Whether a guardian speaks for someone, and until when. */
export function MinorPanel({
  person,
  minor,
  mayWrite,
  onChange,
}: {
  person: string;
  minor: z.output<typeof Minor> | null;
  mayWrite: boolean;
  onChange: () => void;
}) {
  const [open, setOpen] = useState(false);
  const [bornOn, setBorn] = useState('');
  const { busy, error, run } = useWrite();
  const submit = async () => {
    const done = await run(() => api(setMinor, { params: { person }, body: { bornOn } }));
    if (!done?.ok) return;
    setOpen(false);
    onChange();
    toast(() => t('people.saved'));
  };
  const forget = async () => {
    const sure = await confirm({
      title: t('people.notMinor'),
      text: t('people.notMinorText'),
      action: t('people.notMinor'),
    });
    if (!sure) return;
    const done = await run(() => api(removeMinor, { params: { person } }));
    if (done?.ok) onChange();
  };
  if (!minor && !mayWrite) return null;
  return (
    <section class="card panel">
      <h2>{t('people.minor')}</h2>
      {minor ? (
        <dl class="facts">
          <div>
            <dt>{t('people.minorState')}</dt>
            <dd>{t(`people.minorIs.${minor.state}`)}</dd>
          </div>
          <div>
            <dt>{t('people.bornOn')}</dt>
            <dd dir="ltr">{minor.bornOn}</dd>
          </div>
          <div>
            <dt>{t('people.comesOfAge')}</dt>
            <dd dir="ltr">{minor.comesOfAge}</dd>
          </div>
          <div>
            <dt>{t('people.guardian')}</dt>
            <dd>
              {minor.guardian ? (
                <>
                  <bdi>{minor.guardian.name}</bdi> (<bdi>{minor.guardian.relation}</bdi>)
                </>
              ) : (
                '–'
              )}
            </dd>
          </div>
        </dl>
      ) : (
        <p class="muted">{t('people.noMinor')}</p>
      )}
      <ErrorNote error={open ? null : error} />
      <div class="actions start">
        {!minor && <Button onClick={() => setOpen(true)}>{t('people.isMinor')}</Button>}
        {minor && <Button onClick={() => void forget()}>{t('people.notMinor')}</Button>}
      </div>
      {open && (
        <Dialog title={t('people.isMinor')} onClose={() => setOpen(false)}>
          <Form class="stack" onSubmit={() => void submit()}>
            <p class="muted">{t('people.isMinorText')}</p>
            <ErrorNote error={error} />
            <TextField label={t('people.bornOn')} type="date" required dir="ltr" value={bornOn} onValue={setBorn} />
            <Submit disabled={busy || !bornOn}>{t('people.save')}</Submit>
          </Form>
        </Dialog>
      )}
    </section>
  );
}

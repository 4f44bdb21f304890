import { useState } from 'preact/hooks';
import type { z } from 'zod';
import { type Minor, removeMinor, setMinor } from '../../../../sync/protocol/api/people.ts';
import { Button } from '../../../shared/button.tsx';
import { api } from '../../../shared/web/api.ts';
import { Dialog } from '../../../shared/web/dialog.tsx';
import { ErrorNote, TextField, useField } from '../../../shared/web/form.tsx';
import { Fact } from '../../../shared/web/pieces.tsx';
import { useWrite } from '../../../shared/web/resource.ts';
import { WriteForm } from '../../../shared/web/write-form.tsx';
import { t } from '../../i18n.ts';

interface MinorPanelProps {
  person: string;
  minor: z.output<typeof Minor> | null;
  mayWrite: boolean;
  onChange: () => void;
}

/** Whether a guardian speaks for someone, and until when. */
export function MinorPanel({ person, minor, mayWrite, onChange }: MinorPanelProps) {
  const [open, setOpen] = useState(false);
  const bornOn = useField('');
  const { error, run } = useWrite();
  const forget = () =>
    run(() => api(removeMinor, { params: { person } }), {
      ask: { title: t('people.notMinor'), text: t('people.notMinorText') },
      done: onChange,
    });
  if (!minor && !mayWrite) return null;
  return (
    <section class="card panel">
      <h2>{t('people.minor')}</h2>
      {minor ? (
        <dl class="facts">
          <Fact name={t('people.minorState')}>{t(`people.minorIs.${minor.state}`)}</Fact>
          <Fact name={t('people.bornOn')} dir="ltr">
            {minor.bornOn}
          </Fact>
          <Fact name={t('people.comesOfAge')} dir="ltr">
            {minor.comesOfAge}
          </Fact>
          <Fact name={t('people.guardian')}>
            {minor.guardian ? (
              <>
                <bdi>{minor.guardian.name}</bdi> (<bdi>{minor.guardian.relation}</bdi>)
              </>
            ) : (
              '–'
            )}
          </Fact>
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
          <WriteForm
            write={() => api(setMinor, { params: { person }, body: { bornOn: bornOn.value } })}
            say={() => t('people.saved')}
            done={() => {
              setOpen(false);
              onChange();
            }}
            ready={bornOn.value !== ''}
            action={t('people.save')}
          >
            <p class="muted">{t('people.isMinorText')}</p>
            <TextField label={t('people.bornOn')} type="date" required dir="ltr" {...bornOn} />
          </WriteForm>
        </Dialog>
      )}
    </section>
  );
}

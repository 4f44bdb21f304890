import type { z } from 'zod';
import { type Minor, removeMinor, setMinor } from '../../../../sync/protocol/api/people.ts';
import { Button } from '../../../shared/button.tsx';
import { api } from '../../../shared/web/api.ts';
import { ErrorNote, TextField, useField } from '../../../shared/web/form.tsx';
import { DialogButton, Fact, Panel } from '../../../shared/web/pieces.tsx';
import { useWrite, WriteForm } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';

interface MinorPanelProps {
  person: string;
  minor: z.output<typeof Minor> | null;
  mayWrite: boolean;
  onChange: () => void;
}

/** Whether a guardian represents someone, and until when. */
export function MinorPanel({ person, minor, mayWrite, onChange }: MinorPanelProps) {
  const bornOn = useField('');
  const { error, run } = useWrite();
  const forget = () =>
    run(() => api(removeMinor, { params: { person } }), {
      ask: { title: t('people.notMinor'), text: t('people.notMinorText'), danger: true, word: t('people.eraseWord') },
      done: onChange,
    });
  if (!minor && !mayWrite) return null;
  return (
    <Panel title={t('people.minor')}>
      {minor ? (
        <dl class="facts">
          <Fact name={t('people.minorState')} value={t(`people.minorIs.${minor.state}`)} />
          <Fact name={t('people.bornOn')} dir="ltr" value={minor.bornOn} />
          <Fact name={t('people.comesOfAge')} dir="ltr" value={minor.comesOfAge} />
          <Fact
            name={t('people.guardian')}
            value={
              minor.guardian ? (
                <>
                  <bdi>{minor.guardian.name}</bdi> (<bdi>{minor.guardian.relation}</bdi>)
                </>
              ) : (
                '–'
              )
            }
          />
        </dl>
      ) : (
        <p class="muted">{t('people.noMinor')}</p>
      )}
      <ErrorNote error={error} />
      <div class="actions start">
        {!minor && (
          <DialogButton label={t('people.isMinor')}>
            <WriteForm
              write={() => api(setMinor, { params: { person }, body: { bornOn: bornOn.value } })}
              say={() => t('people.saved')}
              done={onChange}
              ready={bornOn.value !== ''}
              action={t('people.save')}
            >
              <p class="muted">{t('people.isMinorText')}</p>
              <TextField label={t('people.bornOn')} type="date" required dir="ltr" {...bornOn} />
            </WriteForm>
          </DialogButton>
        )}
        {minor && <Button onClick={() => void forget()}>{t('people.notMinor')}</Button>}
      </div>
    </Panel>
  );
}

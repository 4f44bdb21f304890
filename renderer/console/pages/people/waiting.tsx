import { acceptCase, getCasePicture, getEnrolmentCase, refuseCase } from '../../../../sync/protocol/api/enrolment.ts';
import { Button } from '../../../shared/button.tsx';
import { api, urlOf } from '../../../shared/web/api.ts';
import { useRead, useWrite } from '../../../shared/web/resource.tsx';
import { go } from '../../../shared/web/router.ts';
import { t } from '../../i18n.ts';
import { Moment } from '../../parts/labels.tsx';
import { BackButton, PageFrame, type PageProps } from '../../parts/page.tsx';
import { Reading } from '../../parts/reading.tsx';
import { TwoPeople } from '../../parts/two-people.tsx';

/** An enrolment that waits for an administrator: both pictures, and the decision. */
export function WaitingPage({ id, role }: { id: string; role: PageProps['role'] }) {
  const params = { case: id };
  const found = useRead(getEnrolmentCase, { params });
  const { busy, error, run } = useWrite();
  const waits = found.value;
  const done = () => go('attention');
  const accept = async (typed: string | null) => {
    const say = () => t('lookalikes.accepted');
    const answer = await run(() => api(acceptCase, { params, body: { typed } }), { say, done });
    if (!answer?.ok) found.reload();
  };
  const refuse = async () => {
    const ask = {
      title: t('lookalikes.refuse'),
      text: t('lookalikes.refuseText'),
      danger: true,
      word: t('people.eraseWord'),
    };
    const answer = await run(() => api(refuseCase, { params }), { ask, say: () => t('lookalikes.refusedDone'), done });
    if (answer && !answer.ok) found.reload();
  };
  const name = waits?.person.name ?? t('people.unnamed');
  const refuseButton = role === 'admin' && <Button label={t('lookalikes.refuse')} disabled={busy} onClick={refuse} />;
  return (
    <PageFrame
      title={t('lookalikes.question')}
      lead={t('lookalikes.waitsLead', { name })}
      actions={<BackButton to="attention">{t('attention.nav')}</BackButton>}
    >
      <Reading of={found} rows={6} error={error} />
      {waits && (
        <section class="card panel">
          <p class="muted small">
            {t('lookalikes.until')} <Moment at={waits.until} />
          </p>
          {waits.other ? (
            <TwoPeople
              key={waits.other.person}
              name={name}
              ours={<img src={urlOf(getCasePicture, { params })} alt={t('lookalikes.pictureOf', { name })} />}
              other={waits.other}
              busy={busy}
              overrule={role === 'admin' ? (typed) => void accept(typed) : undefined}
              actions={refuseButton}
            />
          ) : (
            <>
              <p>{t('lookalikes.otherDeleted')}</p>
              {role === 'admin' && (
                <div class="actions start">
                  <Button kind="primary" disabled={busy} onClick={() => void accept(null)}>
                    {t('enrolFace.save')}
                  </Button>
                  {refuseButton}
                </div>
              )}
            </>
          )}
        </section>
      )}
    </PageFrame>
  );
}

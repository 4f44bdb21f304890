import { listMyCredentials, revokeMyCredential } from '../../../sync/protocol/api/credentials.ts';
import { Button } from '../../shared/button.tsx';
import { momentOf } from '../../shared/i18n.ts';
import { api } from '../../shared/web/api.ts';
import { ErrorNote } from '../../shared/web/form.tsx';
import { useResource, useWrite } from '../../shared/web/resource.ts';
import { t } from '../i18n.ts';

/** Own cards and badges that open something; a lost one is revoked here. Renders nothing where there are none. */
export function Cards() {
  const held = useResource('cards', (signal) => api(listMyCredentials, { signal }));
  const { busy, error, run } = useWrite();
  const valid = held.value?.items.filter((c) => c.revokedAt === null) ?? [];
  const lost = (id: string) =>
    run(() => api(revokeMyCredential, { params: { credential: id } }), {
      ask: { title: t('cards.lost'), text: t('cards.lostText'), action: t('cards.revoke'), danger: true },
      say: () => t('cards.revoked'),
      done: held.reload,
    });
  if (valid.length === 0) return null;
  return (
    <section class="card panel">
      <h2>{t('cards.title')}</h2>
      <ErrorNote error={error ?? held.error} />
      <ul>
        {valid.map(({ id, kind, number, issuedAt }) => (
          <li key={id} class="setting">
            <span class="record-how" id={`card-${id}`}>
              <span>
                {t(`cards.${kind}`)} {number && <bdi>{number}</bdi>}
              </span>
              <span class="muted small">{t('cards.since', { moment: momentOf(new Date(issuedAt)) })}</span>
            </span>
            <Button
              id={`lost-${id}`}
              aria-labelledby={`lost-${id} card-${id}`}
              onClick={() => void lost(id)}
              disabled={busy}
            >
              {t('cards.lost')}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

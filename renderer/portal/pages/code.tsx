import { useEffect, useRef, useState } from 'preact/hooks';
import { createMyCode, listMyCredentials, revokeMyCredential } from '../../../sync/protocol/api/credentials.ts';
import type { MyProfile } from '../../../sync/protocol/api/portal.ts';
import { Button } from '../../shared/button.tsx';
import { momentOf } from '../../shared/i18n.ts';
import { IconQr } from '../../shared/icons.tsx';
import { Qr } from '../../shared/qr.tsx';
import { type ApiError, api, away } from '../../shared/web/api.ts';
import { ErrorNote } from '../../shared/web/form.tsx';
import { Panel } from '../../shared/web/pieces.tsx';
import { useRead, useWrite } from '../../shared/web/resource.tsx';
import { Ring } from '../../shared/web/ring.tsx';
import { t } from '../i18n.ts';
import { Waiting } from '../parts/waiting.tsx';
import { dueIn, leftOf, RETRY_MS, type Shown, shownOf, TOUCHED_MS } from '../state/renewal.ts';

/** A code to check in with. It is renewed while the page is visible, and removed when the page is hidden. */
export function Code({ me }: { me: MyProfile }) {
  const { code, left, error, paused, resume } = useOwnCode();
  const seconds = Math.ceil(left / 1000);
  return (
    <>
      <h1>{t('code.title')}</h1>
      <section class="card panel code">
        <p class="muted">{t('code.lead')}</p>
        <ErrorNote error={error} onRetry={resume} />
        {paused && <Button icon={<IconQr />} label={t('code.show')} kind="primary" onClick={resume} />}
        {code && left > 0 && (
          <>
            <div class="code-picture">
              <div class="code-square">
                <Qr text={code.text} label={t('code.picture')} ecc="medium" />
              </div>
            </div>
            <p class="code-left" role="timer" aria-live="off">
              <span class="code-ring">
                <Ring share={left / code.lifeMs} />
              </span>
              <span class="tabular">{t('code.left', { seconds })}</span>
            </p>
          </>
        )}
        {!paused && !error && left === 0 && <Waiting />}
        {me.number && (
          <p>
            {t('code.number')} <strong dir="ltr">{me.number}</strong>
          </p>
        )}
        <p class="muted small">{t('code.care')}</p>
      </section>
      <Cards />
    </>
  );
}

function useOwnCode() {
  const [code, setCode] = useState<Shown | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [time, setTime] = useState(performance.now());
  const [paused, pause] = useState(false);
  const [round, setRound] = useState(0);
  const touched = useRef(performance.now());
  useEffect(() => {
    if (away.value) return setCode(null);
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const renew = async () => {
      clearTimeout(timer);
      if (gone || document.hidden) return;
      if (performance.now() - touched.current > TOUCHED_MS) {
        setCode(null);
        pause(true);
        return;
      }
      const asked = performance.now();
      const answer = await api(createMyCode);
      // The page was hidden meanwhile, so the new code is not shown.
      if (gone || document.hidden) return;
      setError(answer.ok ? null : answer.error);
      const next = answer.ok ? shownOf(answer.value, asked) : null;
      if (next) setCode(next);
      setTime(performance.now());
      timer = setTimeout(() => void renew(), next ? dueIn(next, performance.now()) : RETRY_MS);
    };
    const seen = () => {
      clearTimeout(timer);
      setCode(null);
      if (!document.hidden) void renew();
    };
    const touch = () => {
      touched.current = performance.now();
    };
    const tick = setInterval(() => setTime(performance.now()), 1000);
    document.addEventListener('visibilitychange', seen);
    for (const event of ['pointerdown', 'keydown']) addEventListener(event, touch, { passive: true });
    void renew();
    return () => {
      gone = true;
      clearTimeout(timer);
      clearInterval(tick);
      document.removeEventListener('visibilitychange', seen);
      for (const event of ['pointerdown', 'keydown']) removeEventListener(event, touch);
    };
  }, [round, away.value]);
  return {
    code,
    left: leftOf(code, time),
    error,
    paused,
    resume: () => {
      touched.current = performance.now();
      setError(null);
      pause(false);
      setRound((n) => n + 1);
    },
  };
}

/** The person's own valid cards and badges. A lost one can be revoked here. Renders nothing if there are none. */
function Cards() {
  const held = useRead(listMyCredentials);
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
    <Panel title={t('cards.title')}>
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
              label={t('cards.lost')}
              id={`lost-${id}`}
              aria-labelledby={`lost-${id} card-${id}`}
              onClick={() => void lost(id)}
              disabled={busy}
            />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

import { t } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { buildName } from '../parts/build-name.ts';
import { Idle } from '../parts/idle.tsx';
import { ScreenHead, Title } from '../parts/title.tsx';

export function PrivacyScreen() {
  const { home, link } = useKiosk();
  const privacy = link.status.value?.privacy;
  const hello = link.hello.value;
  if (!privacy) return null;
  return (
    <main class="screen privacy">
      <ScreenHead title={<Title level="h1">{t('privacy.title')}</Title>} back={() => home()} />
      {/* It scrolls on a small screen, so it must be reachable by keyboard. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region has to take the focus */}
      <section class="privacy-grid" tabIndex={0} aria-label={t('privacy.title')}>
        <section class="card">
          <h2>{t('privacy.face')}</h2>
          <p>{t('privacy.faceText')}</p>
        </section>
        <section class="card">
          <h2>{t('privacy.kept')}</h2>
          <ul class="bullets tabular">
            <li>{t('privacy.photos', { count: privacy.photoDays })}</li>
            {/* A kiosk that records no location doesn't mention it. */}
            {privacy.gpsDays > 0 && <li>{t('privacy.gps', { count: privacy.gpsDays })}</li>}
            <li>{t('privacy.enrolment')}</li>
            <li>{t('privacy.sealed')}</li>
          </ul>
        </section>
        <section class="card">
          <h2>{t('privacy.choice')}</h2>
          <p>{t('privacy.choiceText')}</p>
        </section>
        <section class="card">
          <h2>{t('privacy.who')}</h2>
          <dl class="facts">
            {(['controller', 'contact', 'dpo'] as const).map((who) => (
              <div key={who}>
                <dt>{t(`privacy.${who}`)}</dt>
                <dd>
                  <bdi>{privacy[who]}</bdi>
                </dd>
              </div>
            ))}
          </dl>
        </section>
        {/* Product name and numbers, the same in every language. */}
        {hello && (
          <p class="privacy-build tabular" dir="ltr" lang="en">
            SmartPresence {buildName(hello)}
          </p>
        )}
      </section>
      <Idle ms={90_000} done={home} />
    </main>
  );
}

import { dayOf, directionOf, timeOfDay } from '../../shared/i18n.ts';
import { LOCALES, t, tIn } from '../i18n.ts';
import { useKiosk } from '../kiosk.ts';
import { useMinute } from './frame.tsx';

/** Where nobody is: time, site, and a welcome in every language of the kiosk, in the place of the camera's picture. */
export function Attract() {
  const { link, face } = useKiosk();
  const hello = link.hello.value;
  const now = useMinute();
  return (
    <section class="attract">
      <p class="attract-clock">
        <time class="tabular" dateTime={now.toISOString()}>
          {timeOfDay(now)}
        </time>
      </p>
      <p class="attract-day">{dayOf(now)}</p>
      <p class="attract-site">
        <bdi>{link.status.value?.settings.site}</bdi>
      </p>
      <ul class="attract-welcome">
        {(hello?.languages ?? [])
          .filter((l) => l in LOCALES)
          .map((l) => (
            <li key={l} lang={l} dir={directionOf(l)}>
              {tIn(l, 'attract.welcome')}
            </li>
          ))}
      </ul>
      <p class="attract-come">{t(face.value === 'alone' ? 'attract.come' : 'attract.touch')}</p>
    </section>
  );
}

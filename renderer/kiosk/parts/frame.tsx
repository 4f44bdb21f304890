import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Status } from '../../../electron/contract/methods.ts';
import { currentLanguage, dayOf, hasSentence, setLanguage, t, tIn, timeOfDay } from '../../shared/i18n.ts';
import { IconAlert, IconCloudOff, IconMute, IconShield, IconSound, IconStaff } from '../../shared/icons.tsx';
import { useKiosk } from '../kiosk.ts';
import { LOCALES } from '../locales/index.ts';

/** Site, clock, language: the same on every screen. */
export function TopBar() {
  const { link } = useKiosk();
  const hello = link.hello.value;
  const languages = (hello?.languages ?? []).filter((l) => l in LOCALES);
  return (
    <header class="top">
      <div class="top-site">
        <p class="site">{hello?.site}</p>
        <LivenessBadge />
      </div>
      <Clock />
      {languages.length > 1 && (
        <fieldset class="languages">
          <legend class="sr-only">{t('languageSwitch')}</legend>
          {languages.map((l) => (
            <button
              key={l}
              type="button"
              lang={l}
              aria-pressed={currentLanguage() === l}
              onClick={() => setLanguage(l)}
            >
              {tIn(l, 'language')}
            </button>
          ))}
        </fieldset>
      )}
    </header>
  );
}

function Clock() {
  const now = useSignal(new Date());
  useEffect(() => {
    const timer = setInterval(() => {
      // Redrawn once a minute, not once a second.
      if (timeOfDay(new Date()) !== timeOfDay(now.peek())) now.value = new Date();
    }, 1_000);
    return () => clearInterval(timer);
  }, [now]);
  return (
    <p class="clock">
      <time class="tabular" dateTime={now.value.toISOString()}>
        {timeOfDay(now.value)}
      </time>
      <span class="clock-day">{dayOf(now.value)}</span>
    </p>
  );
}

/** Says that liveness is off, on every screen, for as long as it is. */
function LivenessBadge() {
  const { hello, status } = useKiosk().link;
  if (!status.value || status.value.liveness === 'on') return null;
  return (
    <p class="badge badge-warn" title={t('status.livenessOffLong')}>
      <IconShield />
      <span>{t(hello.value?.demo ? 'status.livenessOffDemo' : 'status.livenessOff')}</span>
    </p>
  );
}

/** Discreet, and on every screen of a guest: state of the queue, sound, privacy, staff. */
export function Footer() {
  const { go, sounds, route } = useKiosk();
  const at = route.value.at;
  return (
    <footer class="foot">
      <QueueState />
      <div class="foot-actions">
        <button type="button" class="quiet" onClick={() => (sounds.muted.value = !sounds.muted.value)}>
          {sounds.muted.value ? <IconMute /> : <IconSound />}
          <span>{t(sounds.muted.value ? 'status.unmute' : 'status.mute')}</span>
        </button>
        {at !== 'privacy' && at !== 'staff' && (
          <button type="button" class="quiet" onClick={() => go({ at: 'privacy' })}>
            <IconShield />
            <span>{t('privacy.open')}</span>
          </button>
        )}
        {at !== 'staff' && (
          <button type="button" class="quiet" onClick={() => go({ at: 'staff' })}>
            <IconStaff />
            <span>{t('staff.open')}</span>
          </button>
        )}
      </div>
    </footer>
  );
}

/** A kiosk that never had a server has sent nothing, and says so; it keeps all it has. */
function offlineWords({ lastSyncAt, queued }: Status): string {
  if (lastSyncAt !== null) return `${t('status.offline')} — ${t('status.queued', { count: queued })}`;
  return queued === 0 ? t('status.noServer') : `${t('status.noServer')} — ${t('status.kept', { count: queued })}`;
}

function QueueState() {
  const status = useKiosk().link.status.value;
  if (!status) return null;
  const notes: { key: string; icon: 'cloud' | 'alert'; text: string }[] = [];
  if (!status.online)
    notes.push({
      key: 'offline',
      icon: 'cloud',
      text: offlineWords(status),
    });
  if (status.storage !== 'ok')
    notes.push({
      key: 'storage',
      icon: 'alert',
      text: t(status.storage === 'full' ? 'status.storageFull' : 'status.storageLow'),
    });
  for (const code of status.notices) {
    const key = `status.notice.${code}`;
    notes.push({ key: code, icon: 'alert', text: hasSentence(key) ? t(key) : t('status.notice.other', { code }) });
  }
  return (
    <ul class="notes" aria-live="polite">
      {notes.map((note) => (
        <li key={note.key} class="note">
          {note.icon === 'cloud' ? <IconCloudOff /> : <IconAlert />}
          <span class="tabular">{note.text}</span>
        </li>
      ))}
    </ul>
  );
}

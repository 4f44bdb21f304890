import './style/kiosk.css';
import { effect } from '@preact/signals';
import { render } from 'preact';
import { openChannel, readCoreState } from '../../electron/contract/connect.ts';
import { LANGUAGES } from '../../sync/protocol/api/languages.ts';
import { fetchLanguage, initI18n } from '../shared/i18n.ts';
import { keepFocus } from '../shared/keep-focus.ts';
import { App, fetchStaffScreens } from './app.tsx';
import { keepAwake } from './awake.ts';
import { ENGLISH, fetchSentences } from './i18n.ts';
import { createKiosk } from './kiosk.ts';
import { lockPage } from './lockdown.ts';
import { keepTheme } from './theme.ts';

// The browser host answers the one-time token with this page. A reload must not send the token again.
if (location.pathname === '/enter') history.replaceState(null, '', '/');
lockPage(window);
void initI18n({ en: ENGLISH }, 'en', fetchSentences);
const kiosk = createKiosk({
  carrier: { open: openChannel, coreState: readCoreState },
  devices: navigator.mediaDevices,
  mayGoDark: keepAwake(document, navigator.wakeLock),
});
keepTheme(document.documentElement, location.search, () => new Date(), kiosk.theme);
// Read-only counters, for the bench, the tests, and people who wonder why a kiosk is slow.
Object.defineProperty(window, 'smartpresenceMetrics', { get: () => ({ ...kiosk.detector.metrics }) });
keepFocus(document);
render(<App kiosk={kiosk} />, document.getElementById('app')!);
effect(() => {
  // Everything else waits until there is a core, and a picture.
  if (kiosk.link.state.value.kind !== 'up' || kiosk.camera.state.value.kind === 'starting') return;
  requestIdleCallback(() => {
    // All languages are loaded, so that people are greeted in their own the moment they are recognised.
    for (const language of LANGUAGES) fetchLanguage(language).catch(() => undefined);
    fetchStaffScreens().catch(() => undefined);
  });
});

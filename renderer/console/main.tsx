import './style/console.css';
import { render } from 'preact';
import { z } from 'zod';
import { initI18n } from '../shared/i18n.ts';
import { keepFocus } from '../shared/keep-focus.ts';
import { startingLanguage } from '../shared/web/preferences.ts';
import { begin, keepSignedIn } from './core/session.ts';
import { LOCALES } from './i18n.ts';
import { App } from './shell/app.tsx';

// zod would try to compile code, which the page's content security policy forbids.
z.config({ jitless: true });
initI18n(LOCALES, startingLanguage());
void begin();
keepSignedIn();
addEventListener('hashchange', () => void begin());
keepFocus(document);
render(<App />, document.getElementById('app')!);

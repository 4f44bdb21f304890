import './style/console.css';
import { render } from 'preact';
import { z } from 'zod';
import { initI18n } from '../shared/i18n.ts';
import { App } from './app.tsx';
import { firstLanguage, LOCALES } from './locales/index.ts';
import { createModel } from './model.ts';
import { keepSignedIn } from './session.ts';

// zod would try to compile code, which the page's content security policy forbids.
z.config({ jitless: true });
initI18n(LOCALES, firstLanguage(navigator.languages));
const theme = new URLSearchParams(location.search).get('theme');
if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
const model = createModel();
void model.begin();
keepSignedIn();
addEventListener('hashchange', () => void model.begin());
render(<App model={model} />, document.getElementById('app')!);

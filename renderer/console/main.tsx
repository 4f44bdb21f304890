import './style/console.css';
import { startPage } from '../shared/web/start.tsx';
import { session } from './core/session.ts';
import { LOCALES } from './i18n.ts';
import { App } from './shell/app.tsx';

startPage(LOCALES, session, App);

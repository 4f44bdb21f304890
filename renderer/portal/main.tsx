import './style/portal.css';
import { startPage } from '../shared/web/start.tsx';
import { ENGLISH, fetchSentences } from './i18n.ts';
import { Frame } from './shell/frame.tsx';
import { OutCard } from './shell/sign-in.tsx';
import { session } from './state/session.ts';

void startPage(ENGLISH, fetchSentences, session, ({ at }) => (at.kind === 'in' ? <Frame /> : <OutCard at={at} />));

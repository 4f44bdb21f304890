import './style/console.css';
import type { Held } from '../shared/web/session.ts';
import { startPage } from '../shared/web/start.tsx';
import { ENGLISH, fetchSentences } from './i18n.ts';
import { EnrolCard } from './shell/enrol.tsx';
import { Shell } from './shell/shell.tsx';
import { SignInCard } from './shell/sign-in.tsx';
import { type Place, session } from './state/session.ts';

function App({ at }: { at: Held<Place> }) {
  switch (at.kind) {
    case 'out':
      return <SignInCard at={at} />;
    case 'enrol':
      return <EnrolCard />;
    case 'in':
      return <Shell account={at.session} />;
    default:
      return at satisfies never;
  }
}

void startPage(ENGLISH, fetchSentences, session, App);

import type { Held } from '../../shared/web/session.ts';
import type { Place } from '../core/session.ts';
import { EnrolCard } from './enrol.tsx';
import { Shell } from './shell.tsx';
import { SignInCard } from './sign-in.tsx';

export function App({ at }: { at: Held<Place> }) {
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

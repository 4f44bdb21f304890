import type { Held } from '../../shared/web/session.ts';
import type { Place } from '../core/session.ts';
import { Frame } from './frame.tsx';
import { OutCard } from './sign-in.tsx';

export const App = ({ at }: { at: Held<Place> }) => (at.kind === 'in' ? <Frame /> : <OutCard at={at} />);

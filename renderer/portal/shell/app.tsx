import { Confirmation } from '../../shared/web/confirm.tsx';
import { Toasts } from '../../shared/web/toast.tsx';
import { stage } from '../core/session.ts';
import { LinkCard, OpeningCard, OutCard } from './door.tsx';
import { Frame } from './frame.tsx';

export function App() {
  return (
    <>
      <Stage />
      <Confirmation />
      <Toasts />
    </>
  );
}

function Stage() {
  const at = stage.value;
  switch (at.kind) {
    case 'opening':
      return <OpeningCard />;
    case 'link':
      return <LinkCard at={at} />;
    case 'out':
      return <OutCard at={at} />;
    case 'in':
      return <Frame />;
    default:
      return at satisfies never;
  }
}

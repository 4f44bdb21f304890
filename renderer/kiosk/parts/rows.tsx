import type { ComponentChildren, JSX, Ref } from 'preact';
import type { PersonRow } from '../../../electron/contract/methods.ts';
import { Button, type ButtonProps } from '../../shared/button.tsx';
import { labelled } from '../../shared/i18n.ts';
import { t } from '../i18n.ts';

interface StaffListProps {
  name?: string;
  label: string;
  status: string;
  statusRef?: Ref<HTMLParagraphElement>;
  children: ComponentChildren;
}

/** A list that fills the screen, with a status sentence. It scrolls when long, so it must be reachable by keyboard. */
export function StaffList({ name, label, status, statusRef, children }: StaffListProps) {
  return (
    <section class="screen staff-list" data-list={name}>
      <p class="hint" role="status" ref={statusRef} tabIndex={-1}>
        {status}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region has to take the focus */}
      <ul tabIndex={0} aria-label={label}>
        {children}
      </ul>
    </section>
  );
}

/** A button in a row, read out with the name that the row is about. */
export function RowButton({ label, of, ...rest }: ButtonProps & { label: string; of: string }) {
  return (
    <Button aria-label={labelled(label, of)} {...rest}>
      {label}
    </Button>
  );
}

/** A person, or an action, with the available actions. */
export function PersonItem({
  name,
  facts,
  children,
  ...rest
}: Omit<JSX.IntrinsicElements['li'], 'name'> & { name: ComponentChildren; facts: ComponentChildren }) {
  return (
    <li {...rest} class="person">
      <div class="person-words">
        <p class="person-name">{name}</p>
        <p class="person-facts tabular">{facts}</p>
      </div>
      {children}
    </li>
  );
}

export function NameAndNumber({ name, number }: Pick<PersonRow, 'name' | 'number'>) {
  return (
    <>
      <bdi>{name}</bdi>
      {number !== null && <span class="tabular"> · {t('people.number', { number })}</span>}
    </>
  );
}

import type { ComponentChildren, JSX } from 'preact';

interface MethodButtonProps extends Omit<JSX.IntrinsicElements['button'], 'class' | 'icon' | 'name' | 'type'> {
  icon?: ComponentChildren;
  name: ComponentChildren;
  hint?: ComponentChildren;
  /** Words beside the icon, not below it. */
  row?: boolean;
}

/** One of several things to choose from, as large as the others: an icon, what it is called, and a word more. */
export const MethodButton = ({ icon, name, hint, row = false, ...rest }: MethodButtonProps) => (
  <button type="button" class={row ? 'method method-row' : 'method'} {...rest}>
    <MethodLabel icon={icon} name={name} hint={hint} />
  </button>
);

export const MethodLabel = ({ icon, name, hint }: Pick<MethodButtonProps, 'icon' | 'name' | 'hint'>) => (
  <>
    {icon && <span class="method-icon">{icon}</span>}
    <span class="method-name">{name}</span>
    {hint && <span class="method-hint">{hint}</span>}
  </>
);

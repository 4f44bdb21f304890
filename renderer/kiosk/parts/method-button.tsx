import type { ComponentChildren, JSX } from 'preact';

interface MethodButtonProps extends Omit<JSX.IntrinsicElements['button'], 'class' | 'icon' | 'name' | 'type'> {
  icon?: ComponentChildren;
  name: ComponentChildren;
  hint?: ComponentChildren;
  /** Text beside the icon instead of below it. */
  row?: boolean;
}

/** One of several choices, all of the same size: an icon, a name, and a short hint. */
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

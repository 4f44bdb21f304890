import { t } from '../../i18n.ts';
import { flat, followsLabel, nameLabel, valueLabel } from './declared.ts';

export interface Line {
  readonly name: string;
  readonly label: string;
  readonly before: string;
  readonly after: string;
  /** The consequence of the new value; null if the name says it all. */
  readonly follows: string | null;
}

/** Returns the differences between two policies or sites, as text. */
export function linesOf(before: object, after: object): Line[] {
  const [was, is] = [flat(before), flat(after)];
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].flatMap((name) => {
    const line = {
      name,
      label: nameLabel(name),
      before: valueLabel(name, was[name]),
      after: valueLabel(name, is[name]),
    };
    return line.before === line.after ? [] : [{ ...line, follows: followsLabel(name, is[name]) }];
  });
}

/** What is about to be saved, setting by setting. @param kiosks number of kiosks it applies to */
export const Diff = ({ lines, kiosks }: { lines: readonly Line[]; kiosks: number }) => (
  <ul class="diff">
    {lines.map(({ name, label, before, after, follows }) => (
      <li key={name}>
        <p class="setting-name">{label}</p>
        <p>{t('settings.fromTo', { before, after })}</p>
        <p class="muted small">
          {t('settings.reaches', { count: kiosks })} {follows}
        </p>
      </li>
    ))}
  </ul>
);

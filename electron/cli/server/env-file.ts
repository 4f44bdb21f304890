/** Files of variables, parsed as systemd does for a unit (`EnvironmentFile=`, systemd.exec(5)). Pure. */

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

type State = 'name' | 'comment' | 'before' | 'plain' | 'single' | 'double';

/**
 * Parses such a file: comments start with `#` or `;`; values are bare, or in single or double quotes; `\` at the end of a line
 * continues it on the next. Lines without a variable's name are ignored, as by systemd.
 */
export function readEnvironmentFile(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  let state: State = 'name';
  let name = '';
  let value = '';
  const end = () => {
    if (NAME.test(name.trim()) && state !== 'name')
      found[name.trim()] = state === 'plain' ? value.replace(/[ \t\r]+$/, '') : value;
    [state, name, value] = ['name', '', ''];
  };
  for (let at = 0; at < text.length; at++) {
    const c = text[at]!;
    const next = text[at + 1] ?? '';
    switch (state) {
      case 'name':
        if (c === '\n') name = '';
        else if (name.trim() === '' && (c === '#' || c === ';')) state = 'comment';
        else if (c === '=') state = 'before';
        else name += c;
        break;
      case 'comment':
        if (c === '\n') [state, name] = ['name', ''];
        break;
      // Before a value, or between its quoted parts.
      case 'before':
        if (c === '\n') end();
        else if (c === "'") state = 'single';
        else if (c === '"') state = 'double';
        else if (!/[ \t\r]/.test(c)) {
          state = 'plain';
          at--;
        }
        break;
      case 'plain':
        if (c === '\n') end();
        else if (c === '\\') {
          if (next !== '\n') value += next;
          at++;
        } else value += c;
        break;
      case 'single':
        if (c === "'") state = 'before';
        else value += c;
        break;
      case 'double':
        if (c === '"') state = 'before';
        else if (c === '\\') {
          if ('"\\`$'.includes(next)) value += next;
          else if (next !== '\n') value += c + next;
          at++;
        } else value += c;
        break;
    }
  }
  end();
  return found;
}

/** Returns a line that systemd, `readEnvironmentFile` and a shell parse alike. @param value without line breaks */
export function environmentLine(name: string, value: string): string {
  const bare = /^[A-Za-z0-9_.,:/@%+=-]*$/.test(value);
  return `${name}=${bare ? value : `"${value.replace(/["\\`$]/g, '\\$&')}"`}`;
}

/** Files of variables, as systemd reads them for a unit (`EnvironmentFile=`, systemd.exec(5)). Pure. */

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

type State = 'name' | 'comment' | 'before' | 'plain' | 'single' | 'double';

/**
 * Reads the text of such a file: comments by `#` and `;`; values bare, in single or in double quotes; `\` before the end of
 * a line joins it to the next. What names no variable is passed over, as systemd does.
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

/** One variable as a line that systemd, `readEnvironmentFile` and a shell read alike. @param value of one line */
export function environmentLine(name: string, value: string): string {
  const bare = /^[A-Za-z0-9_.,:/@%+=-]*$/.test(value);
  return `${name}=${bare ? value : `"${value.replace(/["\\`$]/g, '\\$&')}"`}`;
}

/**
 * Finds strings that the database or canonical JSON can't represent, because they contain a NUL or half of a surrogate pair.
 * Field names are checked too. Pure.
 *
 * @param at path of the value, which the returned paths start with
 * @returns paths of such strings, about `most` of them
 */
export function unstorable(value: unknown, at: string, most = 10): string[] {
  const found: string[] = [];
  const open: [unknown, string][] = [[value, at]];
  while (open.length > 0 && found.length < most) {
    const [one, path] = open.pop()!;
    if (typeof one === 'string') {
      if (one.includes('\0') || !one.isWellFormed()) found.push(path);
    } else if (typeof one === 'object' && one !== null) {
      for (const [key, inner] of Object.entries(one)) {
        if (key.includes('\0') || !key.isWellFormed()) found.push(path);
        else open.push([inner, `${path}.${key}`]);
      }
    }
  }
  return found;
}

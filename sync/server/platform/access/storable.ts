/**
 * Where a request holds a text that neither the database nor canonical JSON can hold: a NUL, or half of a surrogate pair.
 * Pure. Names of fields count too.
 *
 * @param at path of the value, for the answer
 * @returns paths of such texts, as far as `most`
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

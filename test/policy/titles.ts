/** The first argument of a test or a group as in the source: `test.each(…)('…'`, `describe('…'`. */
const TITLE =
  /\b(?:test|it|describe|property)(?:\.\w+(?:<[^()]*>)?(?:\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))?)*(?:\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))?\s*\(\s*(?:'((?:[^'\\]|\\.)*)'|`((?:[^`\\]|\\.)*)`|"((?:[^"\\]|\\.)*)")/g;

/**
 * Titles of tests and groups in a source. A runner's placeholders (`%s`, `$name`) are kept as written; a template's values become
 * `…`. Pure.
 */
export function titlesIn(source: string): string[] {
  return [...source.matchAll(TITLE)].map(([, a, b, c]) =>
    (a ?? b?.replaceAll(/\$\{[^}]*\}/g, '…') ?? c ?? '').replaceAll(/\\(.)/g, '$1'),
  );
}

const PUT_IN = /…|%[a-z]|\$\w+(?:\.\w+)*/;

/**
 * Matches the full title of a test with this title, or in a group with it. Pure.
 * @param title as returned by `titlesIn`
 */
export function titlePattern(title: string): RegExp {
  const fixed = title.split(PUT_IN).map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));
  return new RegExp(`(^| )${fixed.join('.+')}( |$)`, 's');
}

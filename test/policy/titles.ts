/** The first argument of a test or a group, as it is in a source: `test.each(…)('…'`, `describe('…'`. */
const TITLE =
  /\b(?:test|it|describe|property)(?:\.\w+(?:<[^()]*>)?(?:\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))?)*(?:\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))?\s*\(\s*(?:'((?:[^'\\]|\\.)*)'|`((?:[^`\\]|\\.)*)`|"((?:[^"\\]|\\.)*)")/g;

/**
 * Titles of tests and groups in a source, with what a runner puts into them as it is written there (`%s`, `$name`); what a
 * template puts in is `…`. Pure.
 */
export function titlesIn(source: string): string[] {
  return [...source.matchAll(TITLE)].map(([, a, b, c]) =>
    (a ?? b?.replaceAll(/\$\{[^}]*\}/g, '…') ?? c ?? '').replaceAll(/\\(.)/g, '$1'),
  );
}

const PUT_IN = /…|%[a-z]|\$\w+(?:\.\w+)*/;

/**
 * Matches the full title of a test that has this title, or is in a group that has it. Pure.
 *
 * @param title as `titlesIn` gives it
 */
export function titlePattern(title: string): RegExp {
  const fixed = title.split(PUT_IN).map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));
  return new RegExp(`(^| )${fixed.join('.+')}( |$)`, 's');
}

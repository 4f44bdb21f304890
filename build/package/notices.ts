import type { Component } from './components.ts';

export const NOTICES_FILE = 'THIRD-PARTY-NOTICES';

const RULE = '='.repeat(100);

/** What of others' is inside, and under which words; components that share a text stand above it together. */
export function thirdPartyNotices(components: readonly Component[]): string {
  const byText = new Map<string, Component[]>();
  for (const component of components) {
    const text = component.texts.join('\n\n');
    byText.set(text, [...(byText.get(text) ?? []), component]);
  }
  const parts = [...byText].map(([text, holders]) => `${RULE}\n\n${holders.map(heading).join('\n')}\n\n${text}\n`);
  return `This build contains software, fonts and weights of others. Each is named here with its licence; sbom.cdx.json says where it
is. SmartPresence itself: see LICENSE.

${parts.join('\n')}`;
}

function heading({ name, version, licence, holds, remarks }: Component): string {
  const inside = holds.length > 0 ? `\n  with ${holds.map((part) => `${part.name} ${part.version}`).join(', ')}` : '';
  const more = remarks.map((remark) => `\n  ${remark}`).join('');
  return `${name} ${version} (${licence})${inside}${more}`;
}

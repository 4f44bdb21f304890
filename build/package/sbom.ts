import { createHash } from 'node:crypto';
import { installTools } from '../fetch/tools.ts';
import type { Component } from './components.ts';

export const SBOM_FILE = 'sbom.cdx.json';

/** Property of a component that holds its path in the build. A folder ends in a slash. */
export const PATH_PROPERTY = 'smartpresence:path';

export interface Subject {
  readonly product: string;
  readonly version: string;
  readonly commit: string;
  readonly platform: string;
  /** Time of the commit, in seconds since 1970. */
  readonly at: number;
  /** Paths of our own code in the build. */
  readonly paths: readonly string[];
}

/** Returns the bill of materials of a build: CycloneDX 1.6 as JSON. The same content gives the same text. */
export async function billOfMaterials(subject: Subject, components: readonly Component[]): Promise<string> {
  installTools('build/package');
  const { SPDX } = await import('@cyclonedx/cyclonedx-library');
  const isId = SPDX.isSupportedSpdxId;
  const self = `pkg:generic/${subject.product}@${subject.version}?commit=${subject.commit}&platform=${subject.platform}`;
  const needed = new Set(components.flatMap(({ needs }) => needs));
  const bom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(self)}`,
    version: 1,
    metadata: {
      timestamp: new Date(subject.at * 1000).toISOString(),
      component: {
        type: 'application',
        'bom-ref': self,
        name: subject.product,
        version: subject.version,
        purl: self,
        licenses: licencesOf('Apache-2.0', isId),
        properties: properties(subject.paths),
      },
    },
    components: components.map((component) => asComponent(component, isId)),
    dependencies: [
      // Components that no other one needs are listed as our dependencies. Others that we also import are not.
      { ref: self, dependsOn: components.map(({ ref }) => ref).filter((ref) => !needed.has(ref)) },
      ...components.map(({ ref, needs }) => ({ ref, dependsOn: [...new Set(needs)] })),
    ],
  };
  return `${JSON.stringify(bom, null, 1)}\n`;
}

type IsId = (licence: string) => boolean;

function asComponent(component: Component, isId: IsId) {
  const { ref, type, name, version, purl, hash, holds, remarks, paths } = component;
  const [group, short] = name.startsWith('@') ? name.split('/') : [undefined, name];
  return {
    type,
    'bom-ref': ref,
    ...(group && { group }),
    name: short,
    version,
    ...(remarks.length > 0 && { description: remarks.join(' ') }),
    ...(hash && { hashes: [hash] }),
    licenses: licencesOf(component.licence, isId),
    ...(purl && { purl }),
    ...(holds.length > 0 && {
      components: holds.map((part) => ({
        type: 'library',
        'bom-ref': `${ref}#${part.name}`,
        name: part.name,
        version: part.version,
      })),
    }),
    properties: properties(paths),
  };
}

const properties = (paths: readonly string[]) => paths.map((value) => ({ name: PATH_PROPERTY, value }));

function licencesOf(licence: string, isId: IsId) {
  if (isId(licence)) return [{ license: { id: licence } }];
  if (/^[A-Za-z0-9.+() -]+$/.test(licence) && / (OR|AND|WITH) /.test(licence)) return [{ expression: licence }];
  return [{ license: { name: licence } }];
}

/** Derives a UUID (RFC 9562, version 8) from the text, so that the same build has the same serial number. */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

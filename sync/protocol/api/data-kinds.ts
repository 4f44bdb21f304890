import en from './data-kinds/en.json' with { type: 'json' };

/**
 * Kinds of personal data: what an endpoint declares that it touches, and so what the audit log and the notices of incidents
 * name. A kind is declared by its words in the folder beside this file.
 */
export type DataKind = keyof typeof en;
export const dataKinds = Object.keys(en) as [DataKind, ...DataKind[]];
